import CLibFuzzer
import Glibc
import SourceExercises

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    JSONTreeExercise.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
exit(status)
