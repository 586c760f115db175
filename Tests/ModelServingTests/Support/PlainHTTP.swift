import Glibc

/// A blocking HTTP/1.1 client: one request on a connection of its own, the whole answer as text.
enum PlainHTTP {
    static func get(_ path: String, port: Int) -> String { exchange("GET \(path) HTTP/1.1", "", port: port) }

    static func post(_ path: String, _ body: String, port: Int) -> String {
        exchange("POST \(path) HTTP/1.1", body, port: port)
    }

    private static func exchange(_ line: String, _ body: String, port: Int) -> String {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return "" }
        var request =
            "\(line)\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        _ = request.withUTF8 { send(handle, $0.baseAddress, $0.count, 0) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(handle, &chunk, chunk.count, 0), count > 0 { answer += chunk[..<count] }
        return String(decoding: answer, as: UTF8.self)
    }
}
