import EngineTensorFlow
import ServingPrimitives

/// Puts bytes from outside on a device, as the load of a placed model does.
package enum DeviceRewriteExercise {
    private static let devices = ["CPU:2", "GPU:0", "/job:worker/replica:0/task:1/device:CPU:0"].compactMap {
        DeviceName($0)
    }

    /// The first byte chooses the device; the rest is the file.
    ///
    /// - Returns: what came out, `nil` where the bytes were refused.
    @discardableResult
    package static func run(_ input: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let choice = input.first else { return nil }
        let device = devices[Int(choice) % devices.count]
        let file = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        let constants = try? ModelFootprint.constants(in: file)
        precondition(constants.map { (0...file.count).contains($0) } ?? true, "more constants than bytes")
        guard let rewrite = try? DeviceRewrite(file, device: device), let once = try? rewrite.rewritten() else {
            return nil
        }
        precondition(once.count == rewrite.length, "\(once.count) bytes were written, and \(rewrite.length) promised")
        once.withUnsafeBytes { bytes in
            let again = try? DeviceRewrite(bytes, device: device)
            precondition(again?.changedNodes == 0, "a second time nodes change")
            precondition((try? again?.rewritten()) == once, "a second time gives another file")
        }
        return once
    }
}
