import Testing
import WeirModel

@Suite("Upload rules")
struct UploadRuleTests {
    @Test("one web upload carries 50 files of 2 GiB and not one more (DAT-04, MOD-04)")
    func webLimits() throws {
        let limits = WebUploadLimits.standard
        try limits.check(files: 50)
        try limits.check(size: .gib(2), of: "a")
        let many = #expect(throws: WeirError.self) { try limits.check(files: 51) }
        let large = #expect(throws: WeirError.self) { try limits.check(size: .gib(2) + 1, of: "a") }
        #expect(many?.code == "too_many_files" && many?.rule == "DAT-04")
        #expect(large?.code == "file_too_large" && large?.rule == "DAT-04")
    }

    @Test(
        "tar, zip, tar.gz and rar are archives (DAT-03)",
        arguments: [("a.tar", .tar), ("A.ZIP", .zip), ("x.tar.gz", .tarGzip), ("x.TGZ", .tarGzip), ("数据.rar", .rar)]
            as [(String, ArchiveFormat)])
    func archives(name: String, format: ArchiveFormat) throws { #expect(try ArchiveFormat(fileName: name) == format) }

    @Test("other files are no archives (DAT-03)", arguments: ["a.7z", "a.gz", "tar", ".zip", "zip", "a.tar.xz"])
    func noArchives(name: String) {
        #expect(#expect(throws: WeirError.self) { try ArchiveFormat(fileName: name) }?.code == "not_an_archive")
    }

    @Test("a bomb is refused by size, by count and by ratio (DAT-03)")
    func bombs() throws {
        let limits = UnpackLimits(size: .gib(1), files: 10, ratio: 100, ratioFrom: .mib(1))
        try limits.check(size: .mib(1), files: 10, from: 1)
        try limits.check(size: .mib(100), files: 1, from: .mib(1))
        func code(_ size: Bytes, _ files: Int, _ archive: Bytes) -> String? {
            #expect(throws: WeirError.self) { try limits.check(size: size, files: files, from: archive) }?.code
        }
        #expect(code(.gib(1) + 1, 1, .gib(1)) == "archive_too_large")
        #expect(code(1, 11, 1) == "archive_too_many_files")
        #expect(code(.mib(100) + 1, 1, .mib(1)) == "archive_ratio")
        #expect(limits.most(from: Bytes(.max)) == .gib(1))
    }

    @Test("lengths and offsets are plain numbers of bytes", arguments: ["", "-1", "+1", "1.5", "1 ", "9223372036854775808"])
    func badNumbers(text: String) {
        #expect(#expect(throws: WeirError.self) { try TusHeaders.length(text) }?.code == "malformed")
        #expect(#expect(throws: WeirError.self) { try TusHeaders.offset(nil) }?.code == "missing_field")
    }

    @Test("upload metadata is read as pairs of a key and a value in base 64")
    func metadata() throws {
        #expect(try TusHeaders.metadata("filename 5pWw5o2uLnppcA==,is_draft") == ["filename": "数据.zip", "is_draft": ""])
        #expect(try TusHeaders.metadata(nil).isEmpty)
        for bad in ["filename ???", "a b c", "a YQ==,a Yg==", ",", "a /w=="] {
            #expect(throws: WeirError.self) { try TusHeaders.metadata(bad) }
        }
    }

    @Test("a checksum names sha1 or sha256 and a digest of its length")
    func checksum() throws {
        let sha1 = try TusChecksum(header: "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
        #expect(sha1?.algorithm == .sha1 && sha1?.digest.count == 20)
        #expect(try TusChecksum(header: nil) == nil)
        for bad in ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha1", "sha1 !!"] {
            #expect(throws: WeirError.self) { try TusChecksum(header: bad) }
        }
    }

    @Test(
        "code is cloned by https from a host and by nothing else (PRJ-08)",
        arguments: [
            "file:///etc", "/srv/code.git", "ext::sh -c id", "git@host:a/b", "http://host/a", "https:///a", "https://-h/a",
            "--upload-pack=x", "https://host/a b", "https://host/a\nb", "https://ext::x/a", "", "https://host", "https://host:0/a",
            "https://host:70000/a", "https://host/a?private_token=x", "https://host/a#b", "https://2130706433/a", "https://0x7f.1/a",
            "https://127.1/a", "https://0177.0.0.1/a", "https://1.2.3.4.5/a", "https://[::1%25lo]/a", "https://a..b/a",
            "https://us%0aer:x@host/a",
        ])
    func badAddresses(address: String) {
        let code = #expect(throws: WeirError.self) { try GitSource(address) }?.code
        #expect(code == "bad_git_address" || (code == "malformed" && address.contains("%0a")))
    }

    @Test("an address stays without the secret in it, and with the host as every program reads it (hostile 4)")
    func shownAddress() throws {
        let source = try GitSource("https://user:sec%23ret@Example.org.:8443/team/code.git")
        #expect(source.host == "example.org" && source.port == 8443)
        #expect(source.credential == (try GitSource.Credential(user: "user", password: "sec#ret")))
        #expect(source.text == "https://example.org:8443/team/code.git")
        #expect(!source.text.contains("sec"))
        #expect(try GitSource("https://token@example.org:443/a").text == "https://example.org/a")
        #expect(try GitSource("https://[2001:DB8:0:0::1]/a").text == "https://[2001:db8::1]/a")
        #expect(try GitSource("https://[::ffff:1.2.3.4]/a").text == "https://1.2.3.4/a")
    }
}
