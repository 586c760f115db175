import Inference
import Servables

/// A `ModelSpec` as a client asks for it: a version or a label only where it named one.
extension ModelSelector {
    var wireByteCount: Int {
        let version =
            switch version {
            case .latest: 0
            case .specific(let number): WireSize.field(2, length: WireSize.number(1, UInt64(bitPattern: number)))
            case .label(let label): WireSize.field(4, length: label.utf8.count)
            }
        return WireSize.string(1, name) + version + WireSize.string(3, signatureName)
    }

    func write(to writer: inout WireWriter) {
        writer.string(1, name)
        switch version {
        case .latest: break
        case .specific(let number):
            let number = UInt64(bitPattern: number)
            // There even for version 0.
            writer.header(2, length: WireSize.number(1, number))
            writer.number(1, number)
        case .label(let label):
            writer.header(4, length: label.utf8.count)
            writer.bytes(Array(label.utf8))
        }
        writer.string(3, signatureName)
    }
}
