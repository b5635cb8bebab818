import Testing
import TestSupport
import WeirModel

@Suite("File names and paths")
struct FilePathTests {
    @Test(
        "a name typed or uploaded in the web has 1 to 64 characters, no \"/\", and is not \".\" or \"..\" (DAT-02, MOD-02)",
        arguments: ["", ".", "..", "a/b", "/", "a/\u{301}b", String(repeating: "字", count: 65)])
    func refusedNames(name: String) {
        let error = #expect(throws: WeirError.self) { try FileName(name) }
        #expect(error?.code == "bad_file_name")
        #expect(error?.rule == "DAT-02")
        #expect(error?.message.zh.isEmpty == false)
    }

    @Test("64 characters are a name in any script, as long as they fit 255 bytes (DAT-02, X20)")
    func longestNames() throws {
        #expect(try FileName(String(repeating: "字", count: 64)).text.count == 64)
        #expect(try FileName("训练数据 第1批.tar.gz").text == "训练数据 第1批.tar.gz")
        let error = #expect(throws: WeirError.self) { try FileName(String(repeating: "👩‍👩‍👧‍👦", count: 64)) }
        #expect(error?.rule == "X20")
    }

    @Test("control characters and NUL are no part of a name (X20)", arguments: ["a\0b", "a\nb", "\u{7f}", "a\u{85}"])
    func controlCharacters(name: String) {
        #expect(throws: WeirError.self) { try FileName(name) }
        #expect(throws: WeirError.self) { try FilePath("d/" + name) }
    }

    @Test(
        "a path that leaves its folder is refused (X20)", arguments: ["..", "../a", "a/../../b", "a/..", "/etc/passwd", "/"])
    func leavingPaths(path: String) {
        let error = #expect(throws: WeirError.self) { try FilePath(path) }
        #expect(error?.code == "path_leaves_folder")
        #expect(error?.rule == "X20")
    }

    @Test("components have at most 255 bytes and paths at most 64 of them (X20)")
    func sizes() throws {
        #expect(try FilePath(String(repeating: "a", count: 255)).components.count == 1)
        #expect(throws: WeirError.self) { try FilePath(String(repeating: "a", count: 256)) }
        #expect(try FilePath(Array(repeating: "a", count: 64).joined(separator: "/")).components.count == 64)
        let deep = Array(repeating: "a", count: 65).joined(separator: "/")
        #expect(#expect(throws: WeirError.self) { try FilePath(deep) }?.code == "path_too_deep")
    }

    @Test("a path that is accepted names something below its folder, whatever it is made of (X20)")
    func property() {
        var random = SeededRandom()
        let pieces = ["a", "b", "..", ".", "/", "//", "\0", "é", "\u{301}", " ", "\\", "...", "~", "字"]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            guard let path = try? FilePath(text) else { continue }
            #expect(
                path.components.allSatisfy { component in
                    !component.isEmpty && component != "." && component != ".." && !component.utf8.contains(0x2f)
                        && !component.utf8.contains(0)
                }, "seed \(random.seed): \(text.debugDescription)")
            #expect((try? FilePath(path.text)) == path, "seed \(random.seed)")
        }
    }

    @Test(
        "a link stays inside exactly when its target, read from where it stands, does not climb over the folder (X20)",
        arguments: [
            ("l", "a", true), ("l", "..", false), ("d/l", "../a", true), ("d/l", "../../a", false), ("d/l", "/a", false),
            ("d/l", "./x/../../b", true), ("d/l", "x/../../../b", false), ("l", "", false),
        ])
    func links(link: String, target: String, stays: Bool) throws {
        #expect(FilePath.stays(linkAt: try FilePath(link).components, target: target) == stays)
    }
}
