/// Frame types of RFC 9113, section 6.
package enum FrameType {
    package static let data: UInt8 = 0x0
    package static let headers: UInt8 = 0x1
    package static let priority: UInt8 = 0x2
    package static let rstStream: UInt8 = 0x3
    package static let settings: UInt8 = 0x4
    package static let pushPromise: UInt8 = 0x5
    package static let ping: UInt8 = 0x6
    package static let goAway: UInt8 = 0x7
    package static let windowUpdate: UInt8 = 0x8
    package static let continuation: UInt8 = 0x9
}

/// Frame flags of RFC 9113, section 6.
package enum FrameFlags {
    package static let endStream: UInt8 = 0x01
    package static let ack: UInt8 = 0x01
    package static let endHeaders: UInt8 = 0x04
    package static let padded: UInt8 = 0x08
    package static let priority: UInt8 = 0x20
}

/// Identifiers in SETTINGS (RFC 9113, section 6.5.2).
package enum SettingIdentifier {
    package static let headerTableSize: UInt16 = 0x1
    package static let enablePush: UInt16 = 0x2
    package static let maximumConcurrentStreams: UInt16 = 0x3
    package static let initialWindowSize: UInt16 = 0x4
    package static let maximumFrameSize: UInt16 = 0x5
    package static let maximumHeaderListSize: UInt16 = 0x6
}

/// The nine bytes before every payload (RFC 9113, section 4.1).
package struct FrameHeader {
    package static let byteCount = 9

    package var length: Int
    package var type: UInt8
    package var flags: UInt8
    package var streamID: UInt32

    /// `bytes` has at least nine bytes.
    @inlinable
    @inline(__always)
    package init(_ bytes: UnsafeRawPointer) {
        let first = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
        length = Int(first >> 8)
        type = UInt8(truncatingIfNeeded: first)
        flags = bytes.load(fromByteOffset: 4, as: UInt8.self)
        streamID = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt32.self)) & 0x7fff_ffff
    }

    @inlinable
    @inline(__always)
    package init(length: Int, type: UInt8, flags: UInt8 = 0, streamID: UInt32 = 0) {
        self.length = length
        self.type = type
        self.flags = flags
        self.streamID = streamID
    }

    @inlinable
    @inline(__always)
    package func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    /// Writes the nine bytes to `target`.
    @inlinable
    @inline(__always)
    package func write(to target: UnsafeMutableRawPointer) {
        let first = UInt32(truncatingIfNeeded: length) << 8 | UInt32(type)
        target.storeBytes(of: first.bigEndian, as: UInt32.self)
        target.storeBytes(of: flags, toByteOffset: 4, as: UInt8.self)
        target.storeBytes(of: streamID.bigEndian, toByteOffset: 5, as: UInt32.self)
    }
}
