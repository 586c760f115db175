import ModelSources
import ServingPrimitives
import Testing

@testable import ModelStores

@Suite struct StoreListingTests {
    @Test func `a page of S3 is read`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>
            <IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken>
            <Contents><Key>m/1/a+b%2Bc</Key><LastModified>2026-11-21T20:45:37.000Z</LastModified>
            <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>12</Size></Contents>
            <CommonPrefixes><Prefix>m/2/</Prefix></CommonPrefixes></ListBucketResult>
            """
        let page = try S3Listing(Array(text.utf8))
        #expect(page.prefixes == ["m/2/"])
        #expect(page.continuation == "t/1=")
        let file = try #require(page.objects.first).file(named: "x")
        #expect(file.address == "m/1/a b+c" && file.size == 12 && file.modified == 1_795_293_937_000_000_000)
        #expect(
            file.checksums == [
                .md5([0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0, 0xb2, 4, 0xe9, 0x80, 9, 0x98, 0xec, 0xf8, 0x42, 0x7e])
            ]
        )
    }

    @Test(arguments: ["", "<", "<a/>", "<ListBucketResult>", "not xml"])
    func `what is no page of S3 is refused`(text: String) {
        #expect(throws: ServingError.self) { try S3Listing(Array(text.utf8)) }
    }

    @Test func `the ETag of what was stored in parts is no MD5`() throws {
        let text =
            #"<ListBucketResult><Contents><Key>k</Key><ETag>"d41d8cd98f00b204e9800998ecf8427e-2"</ETag></Contents></ListBucketResult>"#
        #expect(try S3Listing(Array(text.utf8)).objects.first?.file(named: "k").checksums == [])
    }

    @Test func `a page of Google's storage is read`() throws {
        let text =
            #"{"items":[{"name":"m/1/f","size":"12","updated":"2026-11-21T20:45:37.5Z","generation":"17","#
            + #""md5Hash":"1B2M2Y8AsgTpgAmY7PhCfg==","crc32c":"AAAAAA=="}],"prefixes":["m/2/"],"nextPageToken":"t"}"#
        let page = try GCSListing(Array(text.utf8))
        #expect(page.prefixes == ["m/2/"] && page.continuation == "t")
        let file = try #require(page.objects.first).file(named: "f")
        #expect(file.size == 12 && file.tag == "17" && file.checksums.count == 2 && file.checksums.last == .crc32c(0))
        #expect(throws: ServingError.self) { try GCSListing(Array("<html>".utf8)) }
    }

    @Test func `keys that would leave the folder are refused one by one`() {
        var listing = StoreListing()
        let keys = ["m/1/f", "m/1/../x", "m/1//y", "m/1/", "n/1/f", "m/1/a\u{1}", "m/"]
        for key in keys { listing.add(S3Listing.Object(key: key, modified: 0), below: "m/") }
        listing.addFolder("m/../", below: "m/")
        listing.addFolder("m/2/", below: "m/")
        #expect(listing.files.keys.sorted() == ["1/f"])
        #expect(listing.folders == ["2"])
        #expect(listing.refused == ["m/1/../x", "m/1//y", "m/1/a\u{1}", "m/../"])
    }

    @Test(arguments: [
        ("s3://b/m", "s3://b/m"), ("s3://b/", "s3://b"), ("gs://b/a/b/", "gs://b/a/b"),
        ("https://h:8080/m/", "https://h:8080/m"),
    ])
    func `places in stores are read`(text: String, place: String) throws {
        #expect(try StoreLocation(text).description == place)
    }

    @Test(arguments: [
        "s3://", "s3:///m", "s3://b/../m", "s3://b/a//b", "http://user:secret@h/m", "https://h/m?x=1", "ftp://h/m", "m",
        "s3://b c/m", "https://h/m#x",
    ])
    func `what is no place is refused without a secret`(text: String) {
        let error = #expect(throws: ServingError.self) { try StoreLocation(text) }
        #expect(error?.code == .invalidArgument && error?.message.contains("secret") == false)
    }

    @Test(
        arguments: [
            ("2", 2), ("2.tar.gz", 2), ("0003.TGZ", 3), ("4.zip", 4), ("5.tar", 5), ("m.zip", nil), (".zip", nil),
            ("6.rar", nil),
        ] as [(String, Int64?)]
    )
    func `archives stand for versions`(name: String, version: Int64?) {
        #expect(ArchiveName.version(name) == version)
    }

    @Test func `another content has another key`() {
        let file = StoredFile(name: "f", address: "f", size: 1, modified: 5, tag: "t")
        let key = StoredVersion(origin: "s3://b/m/1", [file], isArchive: false).key
        var (other, later) = (file, file)
        other.tag = "u"
        later.modified = 6
        #expect(StoredVersion(origin: "s3://b/m/1", [other], isArchive: false).key != key)
        #expect(StoredVersion(origin: "s3://b/m/1", [later], isArchive: false).key == key)
        #expect(StoredVersion(origin: "s3://b/m/2", [file], isArchive: false).key != key)
        #expect(StoredVersion(origin: "s3://b/m/1", [file], isArchive: true).key != key)
    }
}
