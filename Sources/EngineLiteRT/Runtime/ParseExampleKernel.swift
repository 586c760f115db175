import CLiteRT

/// The custom operations that TensorFlow Serving adds to TFLite's own.
enum ParseExampleKernel {
    static var operations: clr_custom_operations {
        clr_custom_operations(names: names, registration: TfLiteRegistration())
    }

    nonisolated(unsafe) private static let names: UnsafePointer<UnsafePointer<CChar>?> = {
        let names = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: 1)
        names[0] = nil
        return UnsafePointer(names)
    }()
}
