import ModelStores
import ServingPrimitives

/// What fuzz-store-listing does with an input: reads it as a page of a listing, as S3 and as Google's storage have it. No name
/// that is taken may lead anywhere but into the folder.
package enum StoreListingExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        for prefix in ["", "m/"] {
            if let fault = fault(prefix, (try? S3Listing(bytes))) ?? fault(prefix, (try? GCSListing(bytes))) {
                return fault
            }
        }
        return nil
    }

    private static func fault(_ prefix: String, _ page: (some StoredPage)?) -> String? {
        guard var page else { return nil }
        // The same page again is no news.
        page.continuation = nil
        let listing = try? StoreListing(prefix: prefix, delimiter: "/", of: "s3://b", query: [:], continuation: "c") {
            _ in
            page
        }
        guard let listing else { return nil }
        if let name = listing.files.keys.first(where: { !SafePath.isBelow($0) }) { return "taken: \(name)" }
        if let name = listing.folders.first(where: { !SafePath.isBelow($0) || $0.contains("/") }) {
            return "taken: \(name)"
        }
        return nil
    }
}
