import Testing

@testable import ModelSources

@Suite struct VersionFolderNameTests {
    @Test(
        arguments: [
            ("1", 1), ("00000123", 123), (" 7 ", 7), ("\t7\n", 7), ("+5", 5), ("-1", -1), ("0", 0),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("1700000000", 1_700_000_000),
        ] as [(String, Int64)]
    )
    func `a name that is a number stands for a version`(name: String, version: Int64) {
        #expect(VersionFolderName.version(name) == version)
    }

    @Test(arguments: [
        "", " ", "v1", "1.tmp", "1_", "1 2", "0x10", "1e3", "--1", "+", "9223372036854775808", ".1", "١", "1\u{0}",
        "temp-1", "1/",
    ])
    func `every other name is passed over`(name: String) {
        #expect(VersionFolderName.version(name) == nil)
    }
}
