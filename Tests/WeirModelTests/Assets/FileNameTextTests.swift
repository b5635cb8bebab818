import TestSupport
import Testing
import WeirModel

@Suite("Names of files as text")
struct FileNameTextTests {
    @Test(
        "any bytes that a file system takes for a name go into text and back, and are a path (bugs F5, F6)", arguments: Property.seeds(20))
    func thereAndBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        // Bytes that meet in bad places: backslashes, hex digits, halves of characters, controls.
        let odd: [UInt8] = [0x5C, 0x78, 0x46, 0x30, 0x66, 0xFF, 0xC2, 0x85, 0xE4, 0xBD, 0xA0, 9, 10, 0x7F, 0x2E, 0x20]
        var texts: [String: [UInt8]] = [:]
        for _ in 0..<2000 {
            let name = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Bool.random(using: &random) ? odd.randomElement(using: &random) ?? 1 : UInt8.random(in: 1...255, using: &random)
            }.filter { $0 != UInt8(ascii: "/") }
            guard !name.isEmpty, name != [46], name != [46, 46] else { continue }
            let text = FileNameText.text(of: name)
            #expect(FileNameText.bytes(of: text) == name, "seed \(seed): \(name)")
            #expect(!text.unicodeScalars.contains { $0.value < 32 || (0x7F..<0xA0).contains($0.value) })
            #expect(try FilePath("d/" + text).name?.utf8.elementsEqual(text.utf8) == true, "seed \(seed): \(name)")
            let key = text.utf8.map { "\($0)" }.joined(separator: " ")
            if let other = texts[key] { #expect(other == name, "seed \(seed): two names have one text") }
            texts[key] = name
        }
    }

    @Test("what is no text in UTF-8 is written byte by byte, and a name that reads like that is told apart (hostile 9)")
    func forms() throws {
        #expect(FileNameText.text(of: Array("数据.csv".utf8)) == "数据.csv")
        #expect(FileNameText.text(of: [0xCA, 0xFD, 0x2E, 0x63]) == #"\xCA\xFD.c"#)
        #expect(FileNameText.text(of: Array("a\tb".utf8)) == #"a\x09b"#)
        // What turns the direction of reading is seen; what joins characters stays (G4).
        #expect(FileNameText.text(of: Array("a\u{202E}gpj.exe".utf8)) == #"a\xE2\x80\xAEgpj.exe"#)
        #expect(FileNameText.text(of: Array("\u{FEFF}a".utf8)) == #"\xEF\xBB\xBFa"#)
        for scalar in "\u{61C}\u{200E}\u{200F}\u{202A}\u{202D}\u{2066}\u{2069}".unicodeScalars {
            let text = FileNameText.text(of: Array(String(scalar).utf8))
            #expect(text.hasPrefix(#"\x"#) && FileNameText.bytes(of: text) == Array(String(scalar).utf8))
            // One that was written as it is leads to the same file.
            #expect(FileNameText.bytes(of: String(scalar)) == Array(String(scalar).utf8))
        }
        #expect(FileNameText.text(of: Array("می\u{200C}روم👩‍🚀".utf8)) == "می\u{200C}روم👩‍🚀")
        #expect(FileNameText.text(of: Array(#"C:\xFF\n"#.utf8)) == #"C:\x5CxFF\n"#)
        #expect(FileNameText.text(of: Array(#"a\b"#.utf8)) == #"a\b"#)
        // Typed in small letters it is the same; what is no such byte stands for itself.
        #expect(FileNameText.bytes(of: #"a\xff"#) == [0x61, 0xFF])
        #expect(FileNameText.bytes(of: #"\x41"#) == Array(#"\x41"#.utf8))
        #expect(try FilePath(#"d/a\xff"#).text == #"d/a\xFF"#)
    }

    @Test("neither NUL nor a slash nor \"..\" comes in as an escaped byte (X20)", arguments: [#"\x00"#, #"a\x00b"#])
    func neverOut(name: String) throws {
        let error = #expect(throws: WeirError.self) { try FilePath(name) }
        #expect(error?.code == "bad_file_name")
        #expect(try FilePath(#"\x2E\x2E/x"#).components == [#"\x5Cx2E\x5Cx2E"#, "x"])
        #expect(try FilePath(#"a\x2Fb"#).components.count == 1)
    }

    @Test("two paths that differ by normalisation are two (bugs F7)")
    func normalisation() throws {
        let (composed, decomposed) = (try FilePath("caf\u{e9}/x"), try FilePath("cafe\u{301}/x"))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(try !FilePath("caf\u{e9}").contains(decomposed))
        #expect(try FilePath("caf\u{e9}").contains(composed))
    }

    @Test("a byte that is no text is one of the 64 characters (DAT-02)")
    func length() throws {
        #expect(try FileName(String(repeating: #"\xFF"#, count: 64)).text.utf8.count == 256)
        #expect(throws: WeirError.self) { try FileName(String(repeating: #"\xFF"#, count: 65)) }
    }
}
