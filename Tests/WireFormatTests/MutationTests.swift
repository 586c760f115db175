import FoundationEssentials
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing
import WireExercises

@testable import WireFormat

/// Messages that are nearly right: where mistakes hide.
@Suite struct MutationTests {
    private static let seedMessage: [UInt8] = {
        let spec = WireBytes().message(1) { $0.string(1, "model").message(2) { $0.number(1, 3) }.string(3, "sig") }
        let first = spec.message(2) {
            $0.string(1, "x").message(2) { $0.number(1, 1).shape([2, 2]).floats(5, [1, 2, 3]) }
        }
        let second = first.message(2) {
            $0.string(1, "t").message(2) { $0.number(1, 7).shape([3]).string(8, "ab").string(8, "c") }
        }
        let third = second.message(2) {
            $0.string(1, "n").message(2) { $0.number(1, 9).shape([3]).numbers(10, [1, -1, 300]) }
        }
        let fourth = third.message(2) { $0.string(1, "c").message(2) { $0.number(1, 4).shape([2]).bytes(4, [1, 2]) } }
        return fourth.string(3, "y").message(7) { $0.number(3, 1) }.bytes
    }()

    @Test func `a message cut off anywhere is refused as it ends or read as what is left`() {
        for length in 0...Self.seedMessage.count {
            let message = Array(Self.seedMessage.prefix(length))
            #expect(PredictRequestExercise.disagreement(on: message) == nil, "first \(length) bytes")
        }
    }

    @Test func `every byte changed in every bit agrees with the generated message`() {
        for index in Self.seedMessage.indices {
            for bit in 0..<8 {
                var message = Self.seedMessage
                message[index] ^= 1 << UInt8(bit)
                #expect(PredictRequestExercise.disagreement(on: message) == nil, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test(arguments: 0..<8) func `random changes agree with the generated message`(_ seed: UInt64) {
        var generator = SeededGenerator(seed)
        for _ in 0..<1000 {
            var message = Self.randomMessage(&generator)
            for _ in 0..<Int.random(in: 0...4, using: &generator) { Self.mutate(&message, &generator) }
            #expect(PredictRequestExercise.disagreement(on: message) == nil, "\(message)")
        }
    }

    private static func randomMessage(_ generator: inout SeededGenerator) -> [UInt8] {
        var request = Tensorflow_Serving_PredictRequest()
        request.modelSpec.name = "m"
        for name in ["a", "b"] {
            request.inputs[name] = randomTensor(&generator)
        }
        return (try? request.serializedBytes()) ?? []
    }

    private static func randomTensor(_ generator: inout SeededGenerator) -> Tensorflow_TensorProto {
        var tensor = Tensorflow_TensorProto()
        let number = Int(Array(ElementType.allCases).randomElement(using: &generator)?.rawValue ?? 1)
        tensor.dtype = Tensorflow_DataType(rawValue: number) ?? .dtFloat
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            tensor.tensorShape.dim.append(.with { $0.size = Int64.random(in: 0...3, using: &generator) })
        }
        let count = Int.random(in: 0...8, using: &generator)
        let bits = (0..<count).map { _ in
            UInt64.random(in: 0 ... .max, using: &generator) >> UInt64.random(in: 0...63, using: &generator)
        }
        tensor.floatVal = bits.map(Float.init)
        tensor.doubleVal = bits.map(Double.init)
        tensor.intVal = bits.map { Int32(truncatingIfNeeded: $0) }
        tensor.int64Val = bits.map { Int64(bitPattern: $0) }
        tensor.stringVal = bits.map { .init(String($0).utf8) }
        tensor.scomplexVal = tensor.floatVal
        tensor.dcomplexVal = tensor.doubleVal
        tensor.boolVal = bits.map { $0 & 1 == 0 }
        tensor.halfVal = tensor.intVal
        tensor.uint32Val = bits.map { UInt32(truncatingIfNeeded: $0) }
        tensor.uint64Val = bits
        tensor.float8Val = .init(bits.map { UInt8(truncatingIfNeeded: $0) })
        return tensor
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard let index = bytes.indices.randomElement(using: &generator) else { return }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 3: bytes.insert(contentsOf: bytes[index...].prefix(8), at: index)
        default: bytes[index] = bytes[index] &+ 1
        }
    }
}
