import AccessControl
import Inference
import NIOPosix
import ServerConsole
import ServingPrimitives

extension RESTResponder {
    /// Answers with a part of the console. Calls are not counted: who looks at a server is no load of it.
    ///
    /// - Parameter visibility: the models that the sender may hear of.
    func send(_ path: ConsolePath, of console: ServerConsole, _ visibility: ModelVisibility, for call: RESTCall) {
        switch path {
        case .page: sendLater(.page, call) { console.page(shows: visibility.shows) }
        case .states: sendLater(.page, call) { console.statesFragment(shows: visibility.shows) }
        case .file(let name): sendFile(name, call)
        case .about: sendLater(.json, call) { ConsoleAnswer.about(console, visibility) }
        case .samples(let number, let model):
            sendLater(.json, call) { ConsoleAnswer.samples(console, from: number, model: model, visibility) }
        case .scheduler(let model):
            reply(call) { () throws(ServingError) in
                SchedulerAnswer.json(try self.service.schedule(ModelSelector(name: model)))
            }
        case .unusable(let error): call.fail(error)
        }
    }

    /// Answers with what of the console waits for a key before it shows anything of the server.
    func sendLocked(_ path: ConsolePath, of console: ServerConsole, for call: RESTCall) {
        if case .file(let name) = path { return sendFile(name, call) }
        send(console.lockedPage(), content: .page, call)
    }

    private func sendFile(_ name: String, _ call: RESTCall) {
        guard let file = ConsoleFile.named(name) else {
            return send(ErrorAnswer.html(.notFound), status: .notFound, content: .html, call)
        }
        send(file.bytes, content: file.content, call)
    }

    /// Writes the answer on another thread: with many models it takes a while.
    func sendLater(
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
