import CLibFuzzer
import ClusterExercises
import Glibc

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    RoutesTableExercise.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
exit(status)
