import CLibFuzzer
import Glibc
import PlacementExercises

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    ModelStateExercise.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
exit(status)
