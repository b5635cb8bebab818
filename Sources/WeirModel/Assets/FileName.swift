/// The name of one file or folder as a person types or uploads it in the web (DAT-02, MOD-02, X20): 1 to 64 characters,
/// no "/", not "." or "..".
public struct FileName: Hashable, Sendable, CustomStringConvertible {
    public static let limit = 64
    public let text: String

    /// Throws `bad_file_name` (DAT-02).
    public init(_ text: String) throws(WeirError) {
        // A byte that is no text counts as one character.
        let name = String(decoding: FileNameText.bytes(of: text), as: UTF8.self)
        guard !text.isEmpty, name.count <= Self.limit else {
            throw .badFileName(text, "1 to \(Self.limit) characters", zh: "1 至 \(Self.limit) 个字符", rule: "DAT-02")
        }
        // Bytes, not characters: "/" followed by a combining mark is one character that is not "/".
        guard !text.utf8.contains(UInt8(ascii: "/")), text != ".", text != ".." else {
            throw .badFileName(text, "no \"/\", not \".\" or \"..\"", zh: "不含“/”，且不是“.”或“..”", rule: "DAT-02")
        }
        self.text = try FilePath.checked(component: text)
    }

    public var description: String { text }
}

extension WeirError {
    public static func badFileName(_ name: String, _ expected: String, zh: String, rule: String) -> WeirError {
        WeirError(
            "bad_file_name", .invalid, subject: "name", rule: rule,
            LocalizedText(
                "\"\(name.shortened)\" cannot be the name of a file: expected \(expected).",
                zh: "“\(name.shortened)”不能作为文件名：要求\(zh)。"),
            remedy: LocalizedText("Rename the file and try again.", zh: "请重命名文件后重试。"))
    }
}

extension String {
    /// For messages: what came from outside is cut, and its control characters are made visible.
    var shortened: String {
        var text = ""
        for scalar in unicodeScalars.prefix(120) {
            text += scalar.value < 32 || scalar.value == 127 ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return unicodeScalars.count > 120 ? text + "…" : text
    }
}
