import ServingPrimitives
import Testing

@testable import ModelSources

@Suite struct ChecksumListTests {
    private static let digest = SHA256Digest(of: "x".utf8)

    @Test(arguments: [
        "\(digest)  a/b.txt", "\(digest) *a/b.txt\r\n", "\n# of today\n\(digest)  ./a/b.txt\n",
        "SHA256 (a/b.txt) = \(digest)\n",
        "\(digest)  a/b.txt\n\(digest)  SHA256SUMS\n", "\(digest)  a/b.txt\n\(digest)  a/b.txt\n",
    ])
    func `what sha256sum writes is read`(text: String) throws {
        #expect(try ChecksumList(Array(text.utf8)).digests == ["a/b.txt": Self.digest])
    }

    @Test(arguments: [
        ("", 1, "it lists no file"), ("\n\n", 3, "it lists no file"),
        ("abc  a", 1, "expected 64 hexadecimal digits, two blanks and a path"),
        ("\(digest) a", 1, "expected 64 hexadecimal digits, two blanks and a path"),
        ("\(digest)  ", 1, "expected 64 hexadecimal digits, two blanks and a path"),
        ("\(digest)  ok\n\(digest)  ../x", 2, "its path leads out of the folder: ../x"),
        ("\(digest)  /etc/passwd", 1, "its path leads out of the folder: /etc/passwd"),
        ("\(digest)  a//b", 1, "its path leads out of the folder: a//b"),
        (
            "\(digest)  a\n\(SHA256Digest(of: []))  a", 2, "a is listed with another checksum before"
        ),
    ])
    func `what it does not write is refused with its line`(text: String, line: Int, problem: String) {
        #expect(throws: ChecksumList.Problem(line: line, text: problem)) { try ChecksumList(Array(text.utf8)) }
    }

    @Test func `text that is not UTF-8 is refused`() {
        #expect(throws: ChecksumList.Problem(line: 1, text: "it is not UTF-8")) { try ChecksumList([0xFF, 0x20]) }
    }

    @Test func `the bytes of a digest and its digits are the same`() throws {
        let empty = SHA256Digest(of: [])
        #expect("\(empty)" == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256Digest(hexadecimal: "\(empty)") == empty)
    }

    @Test func `a digest does not depend on how its bytes come`() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for step in [1, 3, 63, 64, 65, 127, 999] {
            var hash = SHA256()
            for start in stride(from: 0, to: bytes.count, by: step) {
                bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { hash.update($0) }
            }
            #expect(hash.digest() == SHA256Digest(of: bytes), "\(step)")
        }
    }
}
