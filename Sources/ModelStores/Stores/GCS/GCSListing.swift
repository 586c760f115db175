package import ServingPrimitives

/// A page of the JSON API's `objects.list`.
package struct GCSListing: Hashable, StoredPage {
    package struct Object: Hashable, StoredObject {
        package var key: String
        var size: Int64?
        var modified: Int64
        var generation: String?
        var md5: String?
        var crc32c: String?

        package func file(named name: String) -> StoredFile {
            var checksums: [StoredFile.Checksum] = []
            if let bytes = md5.flatMap(Base64Text.decoded), bytes.count == 16 { checksums.append(.md5(bytes)) }
            if let bytes = crc32c.flatMap(Base64Text.decoded), bytes.count == 4 {
                checksums.append(.crc32c(bytes.reduce(0) { $0 << 8 | UInt32($1) }))
            }
            return StoredFile(
                name: name,
                address: key,
                size: size,
                modified: modified,
                tag: generation,
                checksums: checksums
            )
        }
    }

    package var objects: [Object] = []
    /// Beginnings of names up to the next slash, with it.
    package var prefixes: [String] = []
    /// Where the next page begins; `nil` on the last one.
    package var continuation: String?

    /// - Throws: `FAILED_PRECONDITION` for what is no such page.
    package init(_ bytes: [UInt8]) throws(ServingError) {
        guard let root = JSONTree(bytes) else { throw .failedPrecondition("expected a list of objects in JSON") }
        objects = (root["items"]?.list ?? []).compactMap { item in
            item["name"]?.text.map { name in
                Object(
                    key: name,
                    size: item["size"]?.integer.flatMap { $0 < 0 ? nil : $0 },
                    modified: item["updated"]?.text.flatMap(StoreDate.iso) ?? .max,
                    generation: item["generation"]?.integer.map { "\($0)" },
                    md5: item["md5Hash"]?.text,
                    crc32c: item["crc32c"]?.text
                )
            }
        }
        prefixes = (root["prefixes"]?.list ?? []).compactMap(\.text)
        continuation = root["nextPageToken"]?.text
    }
}
