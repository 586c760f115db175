/// Reads tables, vectors and strings of a FlatBuffer without trusting it.
///
/// Format: https://flatbuffers.dev/internals/. Every offset is checked; what is not there reads as absent.
struct FlatBuffer {
    struct Malformed: Error {
        var reason: String
    }

    /// A table by the position of its first byte.
    struct Table {
        fileprivate var position: Int
        fileprivate var vtable: Int
        fileprivate var vtableSize: Int
    }

    /// A vector by the position of its first element.
    struct Vector {
        var start: Int
        var count: Int
    }

    private let bytes: UnsafeRawBufferPointer

    /// - Parameter bytes: must stay in place while this is used.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func root() throws(Malformed) -> Table { try table(at: reference(at: 0)) }

    /// The table in field `index`, if it is there.
    func table(_ table: Table, _ index: Int) throws(Malformed) -> Table? {
        guard let field = try field(table, index) else { return nil }
        return try self.table(at: reference(at: field))
    }

    /// The vector in field `index`; an empty one where it is absent.
    func vector(_ table: Table, _ index: Int, elementSize: Int) throws(Malformed) -> Vector {
        guard let field = try field(table, index) else { return Vector(start: 0, count: 0) }
        let start = try reference(at: field)
        let count = Int(try read(UInt32.self, at: start))
        guard count <= (bytes.count - start - 4) / elementSize else {
            throw Malformed(reason: "a vector of \(count) elements does not fit in the file")
        }
        return Vector(start: start + 4, count: count)
    }

    /// The tables of the vector of tables in field `index`.
    func tables(_ table: Table, _ index: Int) throws(Malformed) -> Vector {
        try vector(table, index, elementSize: 4)
    }

    func table(_ vector: Vector, at index: Int) throws(Malformed) -> Table {
        try table(at: reference(at: vector.start + 4 * index))
    }

    func int32(_ vector: Vector, at index: Int) throws(Malformed) -> Int {
        Int(try read(Int32.self, at: vector.start + 4 * index))
    }

    func bytes(_ vector: Vector) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[vector.start..<vector.start + vector.count])
    }

    /// The text in field `index`; empty where it is absent.
    func string(_ table: Table, _ index: Int) throws(Malformed) -> String {
        String(decoding: bytes(try vector(table, index, elementSize: 1)), as: UTF8.self)
    }

    /// The number in field `index`; `absent` where it is absent.
    func scalar<N: FixedWidthInteger & BitwiseCopyable>(
        _ table: Table,
        _ index: Int,
        absent: N
    ) throws(Malformed) -> N {
        guard let field = try field(table, index) else { return absent }
        return try read(N.self, at: field)
    }

    private func table(at position: Int) throws(Malformed) -> Table {
        let vtable = position - Int(try read(Int32.self, at: position))
        let size = Int(try read(UInt16.self, at: vtable))
        guard size >= 4, size <= bytes.count - vtable else {
            throw Malformed(reason: "the table at \(position) has no sound vtable")
        }
        return Table(position: position, vtable: vtable, vtableSize: size)
    }

    /// Where the value of field `index` is, if it is there.
    private func field(_ table: Table, _ index: Int) throws(Malformed) -> Int? {
        let entry = 4 + 2 * index
        guard entry + 2 <= table.vtableSize else { return nil }
        let offset = Int(try read(UInt16.self, at: table.vtable + entry))
        return offset == 0 ? nil : table.position + offset
    }

    /// The position that the offset at `position` leads to.
    private func reference(at position: Int) throws(Malformed) -> Int {
        position + Int(try read(UInt32.self, at: position))
    }

    private func read<N: FixedWidthInteger & BitwiseCopyable>(
        _ type: N.Type,
        at position: Int
    ) throws(Malformed) -> N {
        // Positions are sums of a few 32-bit numbers: they cannot overflow.
        guard position >= 0, position <= bytes.count - MemoryLayout<N>.size else {
            throw Malformed(reason: "an offset leads to \(position), outside of the file's \(bytes.count) bytes")
        }
        return N(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: N.self))
    }
}
