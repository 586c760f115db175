import Tensors

extension TensorFields {
    /// The tensor that the fields describe, by TensorFlow's rules: `tensor_content` wins over typed values; of typed
    /// values only the type's own field counts; too few are filled up with the last one, none at all are zeros, too many
    /// are cut off.
    ///
    /// - Parameter owner: keeps the message's bytes alive; the tensor becomes a view of them where they lie densely.
    /// - Throws: what is wrong with the tensor and what was expected.
    func tensor(owner: AnyObject, budget: inout AllocationBudget) throws(TensorError) -> Tensor {
        guard let type = ElementType(rawValue: dtype) else {
            throw TensorError("dtype \(dtype) is not a type that a request can carry")
        }
        if let shapeError { throw shapeError }
        let shape = dimensions.finish()
        // TensorFlow looks at no values when there are no elements, not even at a tensor_content that should be empty.
        guard shape.elementCount > 0 else { return try Self.empty(type, shape, owner) }
        guard content.isEmpty else {
            if type == .string { return try Self.strings(content: content, shape, owner, &budget) }
            return try Tensor(type, shape, bytes: content, owner: owner)
        }
        return try typedTensor(type, shape, owner, &budget)
    }

    private static func empty(
        _ type: ElementType,
        _ shape: TensorShape,
        _ owner: AnyObject
    ) throws(TensorError) -> Tensor {
        if type == .string {
            return try Tensor(strings: UnsafeBufferPointer(start: nil, count: 0), shape, owner: owner)
        }
        return try Tensor(type, shape, bytes: UnsafeRawBufferPointer(start: nil, count: 0), owner: owner)
    }

    private func typedTensor(
        _ type: ElementType,
        _ shape: TensorShape,
        _ owner: AnyObject,
        _ budget: inout AllocationBudget
    ) throws(TensorError) -> Tensor {
        switch type {
        case .float32, .float64, .complex64, .complex128:
            try dense(type, shape, owner, &budget)
        case .float8E5M2, .float8E4M3FN:
            try bytes(type, shape, owner, &budget)
        case .int8, .uint8, .qint8, .quint8:
            try varints(type, UInt8.self, shape, &budget) { UInt8(truncatingIfNeeded: $0) }
        case .int16, .uint16, .qint16, .quint16, .float16, .bfloat16:
            try varints(type, UInt16.self, shape, &budget) { UInt16(truncatingIfNeeded: $0) }
        case .int32, .uint32, .qint32:
            try varints(type, UInt32.self, shape, &budget) { UInt32(truncatingIfNeeded: $0) }
        case .int64, .uint64:
            try varints(type, UInt64.self, shape, &budget) { $0 }
        case .bool:
            try varints(type, UInt8.self, shape, &budget) { $0 == 0 ? 0 : 1 }
        case .string:
            try strings(shape, owner, &budget)
        }
    }
}

// MARK: - Values of fixed width

extension TensorFields {
    private func dense(
        _ type: ElementType,
        _ shape: TensorShape,
        _ owner: AnyObject,
        _ budget: inout AllocationBudget
    ) throws(TensorError) -> Tensor {
        let field = TensorField.values(of: type)
        if case .run(let value) = values, value.field == field, case .packed(let run) = value.payload,
            let view = try Self.view(of: run, type, shape, owner)
        {
            return view
        }
        return try Self.filled(type, shape, &budget) { (filler: inout ElementFiller) throws(TensorError) in
            try eachValue(of: field) { if case .packed(let run) = $0 { filler.append(run) } }
        }
    }

    /// `float8_val`, which is not a repeated field but a string of bytes.
    private func bytes(
        _ type: ElementType,
        _ shape: TensorShape,
        _ owner: AnyObject,
        _ budget: inout AllocationBudget
    ) throws(TensorError) -> Tensor {
        if let view = try Self.view(of: float8, type, shape, owner) { return view }
        return try Self.filled(type, shape, &budget) { $0.append(float8) }
    }

    /// The first elements of `run` as a tensor; `nil` when they are too few.
    private static func view(
        of run: UnsafeRawBufferPointer,
        _ type: ElementType,
        _ shape: TensorShape,
        _ owner: AnyObject
    ) throws(TensorError) -> Tensor? {
        let (needed, overflow) = shape.elementCount.multipliedReportingOverflow(by: type.byteWidth ?? 1)
        guard !overflow, run.count >= needed else { return nil }
        return try Tensor(type, shape, bytes: UnsafeRawBufferPointer(rebasing: run[..<needed]), owner: owner)
    }

    private static func filled(
        _ type: ElementType,
        _ shape: TensorShape,
        _ budget: inout AllocationBudget,
        _ append: (inout ElementFiller) throws(TensorError) -> Void
    ) throws(TensorError) -> Tensor {
        let width = type.byteWidth ?? 1
        try budget.take(shape.elementCount, width: width, for: shape)
        var buffer = try TensorBuffer(type, shape)
        try buffer.withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer) throws(TensorError) in
            var filler = ElementFiller(target, width: width)
            try append(&filler)
            filler.fillUp()
        }
        return buffer.freeze()
    }
}

// MARK: - Varints

extension TensorFields {
    @inline(__always)
    private func varints<Element: FixedWidthInteger & BitwiseCopyable>(
        _ type: ElementType,
        _: Element.Type,
        _ shape: TensorShape,
        _ budget: inout AllocationBudget,
        _ convert: (UInt64) -> Element
    ) throws(TensorError) -> Tensor {
        let field = TensorField.values(of: type)
        return try Self.filled(type, shape, &budget) { (filler: inout ElementFiller) throws(TensorError) in
            if case .run(let value) = values {
                if value.field == field { filler.append(value.payload, convert) }
            } else {
                try eachValue(of: field) { filler.append($0, convert) }
            }
        }
    }

    /// As `forEachValue`, for fields that `merge` has found well-formed.
    private func eachValue(of field: UInt32, _ body: (TypedValue.Payload) -> Void) throws(TensorError) {
        do throws(WireError) {
            try forEachValue(of: field, body)
        } catch {
            throw TensorError("the message changed while it was read")
        }
    }
}

// MARK: - Strings

extension TensorFields {
    private func strings(
        _ shape: TensorShape,
        _ owner: AnyObject,
        _ budget: inout AllocationBudget
    ) throws(TensorError) -> Tensor {
        try budget.take(shape.elementCount, width: MemoryLayout<StringElement>.stride, for: shape)
        let views = StringViews.make(capacity: shape.elementCount, owner: owner)
        switch values {
        case .none, .run: break
        case .strings, .mixed:
            try eachValue(of: TensorField.string) { if case .string(let bytes) = $0 { views.append(bytes) } }
        }
        return try Tensor(strings: views.filledUp(), shape, owner: views)
    }

    /// Strings in `tensor_content`: the lengths of all as varints, then the bytes of all.
    private static func strings(
        content: UnsafeRawBufferPointer,
        _ shape: TensorShape,
        _ owner: AnyObject,
        _ budget: inout AllocationBudget
    ) throws(TensorError) -> Tensor {
        // Every string has a length of at least one byte, so that the array of views is bounded by the message.
        guard shape.elementCount <= content.count else {
            throw TensorError("tensor_content has \(content.count) bytes, too few for \(shape.elementCount) strings")
        }
        try budget.take(shape.elementCount, width: MemoryLayout<StringElement>.stride, for: shape)
        let views = StringViews.make(capacity: shape.elementCount, owner: owner)
        var lengths = WireReader(content)
        do throws(WireError) {
            var strings = WireReader(content)
            for _ in 0..<shape.elementCount { _ = try strings.varint() }
            for _ in 0..<shape.elementCount {
                let length = try lengths.varint()
                guard length <= UInt64(strings.remaining) else {
                    throw WireError(.lengthBeyondEnd, at: lengths.position)
                }
                views.append(try strings.fixed(Int(length)))
            }
            guard strings.isAtEnd else { throw WireError(.truncated, at: strings.position) }
        } catch {
            throw TensorError(
                "tensor_content does not hold \(shape.elementCount) strings; expected all their lengths as varints"
                    + " and then exactly their bytes"
            )
        }
        return try Tensor(strings: views.filledUp(), shape, owner: views)
    }
}
