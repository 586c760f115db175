import Testing

@testable import Telemetry

@Suite struct TraceParentTests {
    static let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `ids and the flag are read`() {
        #expect(
            TraceParent(Self.valid.utf8)
                == TraceParent(
                    traceHigh: 0x0af7_6519_16cd_43dd,
                    traceLow: 0x8448_eb21_1c80_319c,
                    spanID: 0xb7ad_6b71_6920_3331,
                    isSampled: true
                )
        )
        #expect(TraceParent("\(Self.valid.dropLast(2))00".utf8)?.isSampled == false)
        // Other flags are to come.
        #expect(TraceParent("\(Self.valid.dropLast(2))03".utf8)?.isSampled == true)
        #expect(TraceParent("\(Self.valid.dropLast(2))fe".utf8)?.isSampled == false)
    }

    @Test func `a later version may go on`() {
        let later = "cc" + valid.dropFirst(2)
        #expect(TraceParent(later.utf8) != nil)
        #expect(TraceParent("\(later)-what-the-future-has".utf8) != nil)
        #expect(TraceParent("\(later).what".utf8) == nil)
        #expect(TraceParent("\(valid)-more".utf8) == nil)
    }

    private var valid: String { Self.valid }

    @Test(arguments: [
        "", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ])
    func `anything else is no parent`(text: String) { #expect(TraceParent(text.utf8) == nil) }
}
