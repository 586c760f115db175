import ServingPrimitives

/// A version as a store lists it: what is to be fetched, and what it is known by.
struct StoredVersion: Sendable, Hashable {
    /// For people: `s3://bucket/model/1`.
    var origin: String
    /// In the order of their names.
    var files: [StoredFile]
    /// One file, to be unpacked.
    var isArchive: Bool

    init(origin: String, _ files: some Sequence<StoredFile>, isArchive: Bool) {
        self.origin = origin
        self.files = files.sorted { $0.name < $1.name }
        self.isArchive = isArchive
    }

    /// Another one for other content, as far as the store tells.
    var key: String {
        var text = "1\n\(origin)\n\(isArchive)\n"
        for file in files {
            text += "\(file.name)\0\(file.size ?? -1)\0\(file.tag ?? "")\0"
            // A store that has no tags may have times.
            if file.tag == nil { text += "\(file.modified)" }
            text += "\n"
        }
        return "\(SHA256Digest(of: text.utf8))"
    }

    /// What is known of it; files of unknown length count nothing.
    var byteCount: Int64 {
        files.reduce(0) { sum, file in
            let (total, overflow) = sum.addingReportingOverflow(file.size ?? 0)
            return overflow ? .max : total
        }
    }
}
