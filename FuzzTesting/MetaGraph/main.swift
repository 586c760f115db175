import CLibFuzzer
import EngineTensorFlow
import Glibc

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    _ = try? MetaGraph(bytes)
    _ = try? GraphOperations(bytes)
    _ = try? NodeDefinition(bytes)
    return 0
}
exit(status)
