package import ServingPrimitives

/// A page of `ListObjectsV2`.
package struct S3Listing: Hashable, StoredPage {
    package struct Object: Hashable {
        package var key: String
        var size: Int64?
        var modified: Int64
        /// With its quotes.
        var tag: String?
    }

    package var objects: [Object] = []
    /// Beginnings of keys up to the next slash, with it.
    package var prefixes: [String] = []
    /// Where the next page begins; `nil` on the last one.
    package var continuation: String?

    /// - Throws: `FAILED_PRECONDITION` for what is no such page.
    package init(_ bytes: [UInt8]) throws(ServingError) {
        let root = try XMLElement.parse(bytes)
        guard root.name == "ListBucketResult" else {
            throw .failedPrecondition("expected a ListBucketResult; got the XML element \(root.name.prefix(100))")
        }
        let isEncoded = root.text("EncodingType") == "url"
        func key(_ text: String?) -> String? {
            isEncoded ? text.map { PercentCode.decoded(Array($0.utf8)[...], plusIsBlank: true) } : text
        }
        for child in root.children {
            switch child.name {
            case "Contents":
                guard let name = key(child.text("Key")) else { continue }
                objects.append(
                    Object(
                        key: name,
                        size: child.text("Size").flatMap { Int64($0) }.flatMap { $0 < 0 ? nil : $0 },
                        modified: child.text("LastModified").flatMap(StoreDate.iso) ?? .max,
                        tag: child.text("ETag")
                    )
                )
            case "CommonPrefixes":
                prefixes += child.children.filter { $0.name == "Prefix" }.compactMap { key($0.text) }
            default: continue
            }
        }
        if root.text("IsTruncated") == "true" { continuation = root.text("NextContinuationToken") }
    }
}

extension S3Listing.Object: StoredObject {
    package func file(named name: String) -> StoredFile {
        StoredFile(
            name: name,
            address: key,
            size: size,
            modified: modified,
            tag: tag,
            checksums: md5.map { [.md5($0)] } ?? []
        )
    }

    /// What the ETag of an object is that was stored in one piece, unless it is encrypted in certain ways.
    private var md5: [UInt8]? {
        let digits = (tag ?? "").utf8.filter { $0 != UInt8(ascii: "\"") }
        guard digits.count == 32 else { return nil }
        let bytes = stride(from: 0, to: 32, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
        }
        return bytes.count == 16 ? bytes : nil
    }
}
