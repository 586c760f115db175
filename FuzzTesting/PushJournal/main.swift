import CLibFuzzer
import EmbeddingExercises
import Glibc

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    PushJournalExercise.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
exit(status)
