import ModelTools
import Testing

@Suite struct ByteCountTests {
    @Test(arguments: [
        ("240MB", 240_000_000), ("15 GB", 15_000_000_000), ("1.5GiB", 1_610_612_736), ("64000", 64_000), ("0", 0),
        ("1kB", 1000), ("1KiB", 1024), ("2t", 2_000_000_000_000), ("7b", 7), ("9223372036854775807", Int.max),
    ])
    func `sizes are read as people write them`(text: String, bytes: Int) {
        #expect(ByteCount.parse(text) == bytes)
    }

    @Test(arguments: [
        "", "MB", "-1", "+1", "1.2.3MB", "1e9", "12 parsecs", "nan", "9223372036854775808", "10000000TB", "０",
    ])
    func `what is no size is refused`(text: String) {
        #expect(ByteCount.parse(text) == nil)
    }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (64_123_456, "64.1 MB"), (240_000_000, "240 MB"),
        (999_999, "1 MB"), (15_000_000_000, "15 GB"), (1_250_000_000_000, "1.3 TB"), (-64_000, "-64 kB"),
    ])
    func `sizes are told with a unit`(bytes: Int, text: String) {
        #expect(ByteCount.text(bytes) == text)
    }
}
