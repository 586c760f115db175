import ArgumentParser
import HTTPClient
import LoadGeneration
import ServingPrimitives

/// Makes what a run needs of the command line: servers with their requests, processes and metrics.
struct BenchTargets {
    struct Prepared {
        var target: LoadTarget
        var process: ServerProcess?
        var metrics: MetricsSource?
        var summary: RunReport.Target
    }

    private let options: BenchTargetOptions
    private let requests: BenchRequestOptions
    private let seed: UInt64

    init(_ options: BenchTargetOptions, _ requests: BenchRequestOptions, seed: UInt64) {
        self.options = options
        self.requests = requests
        self.seed = seed
    }

    /// - Throws: what is wrong with a server's name, its address or the data; what a server says to a first question.
    func prepare() throws -> [Prepared] {
        try checkNames()
        let data = try (requests.replay ?? requests.data).map(BenchFiles.contents)
        let question = requests.question(seed: seed, data: data)
        var prepared: [Prepared] = []
        for given in options.grpc { prepared.append(try grpc(given, question)) }
        for given in options.rest { prepared.append(try rest(given, question)) }
        for given in options.url { prepared.append(try url(given)) }
        return try prepared.map { try $0.checkedByFirstAnswer() }
    }

    private var names: [String] {
        options.grpc.map { name($0, "gRPC", of: options.grpc) }
            + options.rest.map { name($0, "REST", of: options.rest) }
            + options.url.map { name($0, "HTTP", of: options.url) }
    }

    private func checkNames() throws {
        let names = names
        if let double = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ValidationError("two servers are named \"\(double)\"; tell them apart: NAME=HOST:PORT")
        }
        for option in options.grpcMethod + options.pid {
            if let name = option.name, !names.contains(name) {
                throw ValidationError(
                    "\"\(option.whole)\" names \"\(name)\"; servers are: \(names.joined(separator: ", "))"
                )
            }
        }
    }

    private func name(_ given: MaybeNamed, _ kind: String, of list: [MaybeNamed]) -> String {
        given.name ?? (list.count == 1 ? kind : given.value)
    }

    /// What an option says for a server: by its name, else for all.
    private func value(of list: [MaybeNamed], for name: String) -> String? {
        if let own = list.last(where: { $0.name == name }) { return own.value }
        return list.last { $0.name == nil || !names.contains($0.name ?? "") }?.whole
    }

    // MARK: Kinds

    private func grpc(_ given: MaybeNamed, _ question: ModelQuestion) throws -> Prepared {
        let name = name(given, "gRPC", of: options.grpc)
        let address = try ServerAddress(given.value)
        if let method = value(of: options.grpcMethod, for: name) {
            guard method.hasPrefix("/"), method.dropFirst().contains("/") else {
                throw ValidationError("\"\(method)\" is no method; expected /package.Service/Method")
            }
            let body = try body(of: name)
            let fields = requests.fields
            let target = LoadTarget(
                name: name,
                address: address,
                wire: .http2,
                requests: [RawRequests.grpc(method: method, body: body, to: address, fields)],
                probe: RawRequests.grpc(method: method, body: body, to: address, fields.withoutDeadline),
                rows: nil
            )
            return try finish(target, "\(method), gRPC \(address.text)")
        }
        let target = try question.target(named: name, at: address, .http2, requests.fields)
        return try finish(target, "Predict \(question.model), gRPC \(address.text)")
    }

    private func rest(_ given: MaybeNamed, _ question: ModelQuestion) throws -> Prepared {
        let address = try ServerAddress(given.value)
        let name = name(given, "REST", of: options.rest)
        let target = try question.target(named: name, at: address, .http1, requests.fields)
        return try finish(target, "predict \(question.model), REST \(address.text)")
    }

    private func url(_ given: MaybeNamed) throws -> Prepared {
        let name = name(given, "HTTP", of: options.url)
        let body = try body(of: name)
        let url = try HTTPURL(given.value)
        let (type, fields) = (options.contentType, requests.fields)
        let target = LoadTarget(
            name: name,
            address: url.address,
            wire: .http1,
            requests: [RawRequests.http1(url, body: body, contentType: type, fields)],
            probe: RawRequests.http1(url, body: body, contentType: type, fields.withoutDeadline),
            rows: nil
        )
        return try finish(target, "POST \(given.value)")
    }

    private func body(of name: String) throws -> [UInt8] {
        guard let path = value(of: options.body, for: name) else {
            throw ValidationError("what is to be sent to \(name)? Give it with --body FILE")
        }
        return try BenchFiles.contents(path)
    }

    private func finish(_ target: LoadTarget, _ text: String) throws -> Prepared {
        var process = ServerProcess(listeningAt: target.address)
        if let given = value(of: options.pid, for: target.name) {
            guard let pid = Int(given), pid > 0 else { throw ValidationError("--pid \(given) is no process") }
            process = ServerProcess(pid: pid)
        }
        let note = process.map { "Server CPU is that of process \($0.pid)." } ?? "Its process was not found."
        let count = target.requests.count
        let size = target.requests.map(\.byteCount).reduce(0, +) / max(1, count)
        let what = "\(text), \(count == 1 ? "" : "\(count) requests of ")\(TextTable.grouped(size)) bytes"
        return Prepared(
            target: target,
            process: process,
            metrics: MetricsSource.find(for: target, process),
            summary: RunReport.Target(name: target.name, text: what, rows: target.rows, process: note)
        )
    }
}

extension BenchTargets.Prepared {
    /// One request before the run, so that what is wrong with all of them is said at once and in full.
    func checkedByFirstAnswer() throws -> BenchTargets.Prepared {
        try target.checkFirstAnswer()
        return self
    }
}
