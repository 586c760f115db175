import Inference
import NIOPosix
import ServerConsole
import ServingPrimitives

extension RESTResponder {
    /// Answers with a part of the console. Calls are not counted: who looks at a server is no load of it.
    ///
    /// - Parameter isLocked: whether the page waits for a key before it shows anything of the server.
    func send(_ path: ConsolePath, of console: ServerConsole, isLocked: Bool, for call: RESTCall) {
        switch path {
        case .page: sendLater(.page, call) { isLocked ? console.lockedPage() : console.page() }
        case .states: sendLater(.page, call) { console.statesFragment() }
        case .file(let name):
            guard let file = ConsoleFile.named(name) else {
                return send(ErrorAnswer.html(.notFound), status: .notFound, content: .html, call)
            }
            send(file.bytes, content: file.content, call)
        case .about: sendLater(.json, call) { ConsoleAnswer.about(console) }
        case .samples(let number, let model):
            sendLater(.json, call) { ConsoleAnswer.samples(console, from: number, model: model) }
        case .scheduler(let model):
            reply(call) { () throws(ServingError) in
                SchedulerAnswer.json(try self.service.schedule(ModelSelector(name: model)))
            }
        case .unusable(let error): call.fail(error)
        }
    }

    /// Writes the answer on another thread: with many models it takes a while.
    private func sendLater(
        _ content: HTTPResponse.Content,
        _ call: RESTCall,
        _ body: @escaping @Sendable () -> [UInt8]
    ) {
        // The pool is never shut down while a server runs.
        NIOThreadPool.singleton.submit { _ in self.send(body(), content: content, call) }
    }
}

extension ConsoleFile {
    fileprivate var content: HTTPResponse.Content {
        switch kind {
        case .script: .script
        case .style: .style
        case .image: .image
        }
    }
}
