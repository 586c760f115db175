import CLibFuzzer
import Glibc
import HTTP2Exercises

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    ConnectionExercise.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
exit(status)
