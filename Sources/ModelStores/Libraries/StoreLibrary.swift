import CStoreLibraries
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A library of the system that fetching needs, opened when it is first needed.
enum StoreLibrary: String, CaseIterable {
    case curl = "libcurl"
    case archive = "libarchive"
    case expat = "expat"
    case crypto = "libcrypto"

    private static let lock = Mutex(())

    /// Opens it, unless it is open.
    ///
    /// - Throws: `FAILED_PRECONDITION` with the package that has it.
    func open() throws(ServingError) {
        let failure: String? = Self.lock.withLock { _ in
            guard let text = cst_open(library) else { return nil }
            defer { free(text) }
            return String(cString: text)
        }
        guard let failure else { return }
        throw .failedPrecondition(
            "models in a store need the library \(rawValue) of this system, Debian's package \(package): \(failure)"
        )
    }

    private var library: cst_library {
        switch self {
        case .curl: cst_curl
        case .archive: cst_archive
        case .expat: cst_expat
        case .crypto: cst_crypto
        }
    }

    private var package: String {
        switch self {
        case .curl: "libcurl4"
        case .archive: "libarchive13"
        case .expat: "libexpat1"
        case .crypto: "libssl3"
        }
    }
}
