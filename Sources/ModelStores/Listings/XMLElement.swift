import CStoreLibraries
import ServingPrimitives

/// An element of an XML document, read by expat. Attributes and namespaces are left out.
struct XMLElement {
    var name: String
    var text = ""
    var children: [XMLElement] = []

    subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    func text(_ name: String) -> String? { self[name]?.text }

    fileprivate static let maximumDepth = 32

    /// The root of a document.
    ///
    /// - Throws: `FAILED_PRECONDITION` when expat is not there or the text is no XML.
    static func parse(_ bytes: [UInt8]) throws(ServingError) -> XMLElement {
        try StoreLibrary.expat.open()
        guard bytes.count <= Int(Int32.max) else { throw .failedPrecondition("an XML document is too long") }
        let builder = Builder()
        var events = cst_xml_events()
        events.context = Unmanaged.passUnretained(builder).toOpaque()
        // The contexts below are the builder, which lives until the parser has returned.
        events.start = { context, name in
            let builder = Unmanaged<Builder>.fromOpaque(context!).takeUnretainedValue()
            if builder.stack.count > XMLElement.maximumDepth {
                builder.tooDeep += 1
            } else {
                builder.stack.append(XMLElement(name: String(cString: name)))
            }
        }
        events.end = { context, _ in
            let builder = Unmanaged<Builder>.fromOpaque(context!).takeUnretainedValue()
            if builder.tooDeep > 0 {
                builder.tooDeep -= 1
            } else if builder.stack.count > 1 {
                let element = builder.stack.removeLast()
                builder.stack[builder.stack.count - 1].children.append(element)
            }
        }
        events.text = { context, bytes, count in
            let builder = Unmanaged<Builder>.fromOpaque(context!).takeUnretainedValue()
            guard builder.tooDeep == 0 else { return }
            let text = UnsafeRawBufferPointer(start: bytes, count: Int(count))
            builder.stack[builder.stack.count - 1].text += String(decoding: text, as: UTF8.self)
        }
        let failure = bytes.withUnsafeBytes { content in
            withExtendedLifetime(builder) {
                // An empty array may have no address; expat wants one.
                content.baseAddress.map { cst_xml_parse($0, Int32(content.count), &events) } ?? nil
            }
        }
        if let failure { throw .failedPrecondition("not the expected XML: \(String(cString: failure))") }
        guard let root = builder.stack[0].children.first else { throw .failedPrecondition("not XML, but nothing") }
        return root
    }
}

/// The elements that are open, the document itself first.
private final class Builder {
    var stack = [XMLElement(name: "")]
    var tooDeep = 0
}
