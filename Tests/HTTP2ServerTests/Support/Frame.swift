import NIOCore

@testable import HTTP2Server

/// One frame, as tests write and read it.
struct Frame: Equatable, Sendable {
    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        let length = payload.count
        let head = [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags]
        return head + bigEndian(stream) + payload
    }

    var isEndStream: Bool { (type == FrameType.data || type == FrameType.headers) && flags & FrameFlags.endStream != 0 }

    /// The error code of RST_STREAM or GOAWAY.
    var errorCode: HTTP2ErrorCode? {
        switch type {
        case FrameType.rstStream: HTTP2ErrorCode(rawValue: number(at: 0))
        case FrameType.goAway: HTTP2ErrorCode(rawValue: number(at: 4))
        default: nil
        }
    }

    /// The four bytes at an offset of the payload.
    func number(at offset: Int) -> UInt32 { payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }

    // MARK: makers

    static func headers(
        _ stream: UInt32,
        _ block: [UInt8] = requestBlock(),
        endStream: Bool = true,
        endHeaders: Bool = true
    ) -> Frame {
        let flags = (endStream ? FrameFlags.endStream : 0) | (endHeaders ? FrameFlags.endHeaders : 0)
        return Frame(type: FrameType.headers, flags: flags, stream: stream, payload: block)
    }

    static func continuation(_ stream: UInt32, _ block: [UInt8], endHeaders: Bool = true) -> Frame {
        Frame(
            type: FrameType.continuation,
            flags: endHeaders ? FrameFlags.endHeaders : 0,
            stream: stream,
            payload: block
        )
    }

    static func data(_ stream: UInt32, _ bytes: [UInt8], endStream: Bool = true) -> Frame {
        Frame(type: FrameType.data, flags: endStream ? FrameFlags.endStream : 0, stream: stream, payload: bytes)
    }

    static func padded(_ frame: Frame, _ padding: UInt8) -> Frame {
        var frame = frame
        frame.flags |= FrameFlags.padded
        frame.payload = [padding] + frame.payload + [UInt8](repeating: 0, count: Int(padding))
        return frame
    }

    static func settings(_ values: [(UInt16, UInt32)] = []) -> Frame {
        let payload = values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xff)] + bigEndian($0.1) }
        return Frame(type: FrameType.settings, payload: payload)
    }

    static let settingsAck = Frame(type: FrameType.settings, flags: FrameFlags.ack)

    static func ping(_ payload: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8], ack: Bool = false) -> Frame {
        Frame(type: FrameType.ping, flags: ack ? FrameFlags.ack : 0, payload: payload)
    }

    static func reset(_ stream: UInt32, _ code: HTTP2ErrorCode = .cancel) -> Frame {
        Frame(type: FrameType.rstStream, stream: stream, payload: bigEndian(code.rawValue))
    }

    static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Frame {
        Frame(type: FrameType.windowUpdate, stream: stream, payload: bigEndian(increment))
    }

    static func goAway(_ last: UInt32 = 0) -> Frame {
        Frame(type: FrameType.goAway, payload: bigEndian(last) + bigEndian(0))
    }

    static func priority(_ stream: UInt32, dependsOn: UInt32) -> Frame {
        Frame(type: FrameType.priority, stream: stream, payload: bigEndian(dependsOn) + [15])
    }
}

func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

/// A header block of literals that are not indexed.
func block(_ fields: [(String, String)]) -> [UInt8] {
    fields.flatMap { name, value in [0] + literal(name) + literal(value) }
}

/// A header block of literals that enter the dynamic table.
func indexedBlock(_ fields: [(String, String)]) -> [UInt8] {
    fields.flatMap { name, value in [0x40] + literal(name) + literal(value) }
}

private func literal(_ text: String) -> [UInt8] {
    precondition(text.utf8.count < 127 + 128)
    let count = text.utf8.count
    return (count < 127 ? [UInt8(count)] : [127, UInt8(count - 127)]) + Array(text.utf8)
}

func requestFields(_ path: String = "/test") -> [(String, String)] {
    [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test")]
}

func requestBlock(_ path: String = "/test", _ more: [(String, String)] = []) -> [UInt8] {
    block(requestFields(path) + more)
}
