/// Frame types of RFC 9113, section 6.
enum FrameType {
    static let data: UInt8 = 0x0
    static let headers: UInt8 = 0x1
    static let priority: UInt8 = 0x2
    static let rstStream: UInt8 = 0x3
    static let settings: UInt8 = 0x4
    static let pushPromise: UInt8 = 0x5
    static let ping: UInt8 = 0x6
    static let goAway: UInt8 = 0x7
    static let windowUpdate: UInt8 = 0x8
    static let continuation: UInt8 = 0x9
}

/// Frame flags of RFC 9113, section 6.
enum FrameFlags {
    static let endStream: UInt8 = 0x01
    static let ack: UInt8 = 0x01
    static let endHeaders: UInt8 = 0x04
    static let padded: UInt8 = 0x08
    static let priority: UInt8 = 0x20
}

/// Identifiers in SETTINGS (RFC 9113, section 6.5.2).
enum SettingIdentifier {
    static let headerTableSize: UInt16 = 0x1
    static let enablePush: UInt16 = 0x2
    static let maximumConcurrentStreams: UInt16 = 0x3
    static let initialWindowSize: UInt16 = 0x4
    static let maximumFrameSize: UInt16 = 0x5
    static let maximumHeaderListSize: UInt16 = 0x6
}

/// The nine bytes before every payload (RFC 9113, section 4.1).
struct FrameHeader {
    static let byteCount = 9

    var length: Int
    var type: UInt8
    var flags: UInt8
    var streamID: UInt32

    /// `bytes` has at least nine bytes.
    @inline(__always)
    init(_ bytes: UnsafeRawPointer) {
        let first = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
        length = Int(first >> 8)
        type = UInt8(truncatingIfNeeded: first)
        flags = bytes.load(fromByteOffset: 4, as: UInt8.self)
        streamID = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt32.self)) & 0x7fff_ffff
    }

    @inline(__always)
    init(length: Int, type: UInt8, flags: UInt8 = 0, streamID: UInt32 = 0) {
        self.length = length
        self.type = type
        self.flags = flags
        self.streamID = streamID
    }

    @inline(__always)
    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    /// Writes the nine bytes to `target`.
    @inline(__always)
    func write(to target: UnsafeMutableRawPointer) {
        let first = UInt32(truncatingIfNeeded: length) << 8 | UInt32(type)
        target.storeBytes(of: first.bigEndian, as: UInt32.self)
        target.storeBytes(of: flags, toByteOffset: 4, as: UInt8.self)
        target.storeBytes(of: streamID.bigEndian, toByteOffset: 5, as: UInt32.self)
    }
}
