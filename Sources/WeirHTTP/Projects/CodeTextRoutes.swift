import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform

/// A file of the code as text, for an editor: who saves says which content they began with (PRJ-08).
struct CodeTextRoutes {
    /// What an editor in a browser takes; with what JSON adds it fits into a request's body.
    static let limit = 512 << 10
    let projects: Projects
    let files: FileStore

    func add(to routes: Routes) {
        let (projects, files) = (projects, files)

        routes.get("projects/{project}/code/text", "readCodeText") { call in
            let code = try await projects.code(of: call.id("project"), for: call.caller, .seeWorkspace)
            let path = try call.filePath()
            let file = try await files.open(code, at: path)
            guard file.size.count <= Self.limit else { throw WeirError.textTooLarge(path.text, Self.limit) }
            let bytes = try await file.read(at: 0, count: Self.limit)
            guard let text = String(validating: bytes.readableBytesView, as: UTF8.self), !text.utf8.contains(0) else {
                throw WeirError.notText(path.text)
            }
            let lineEnd = text.contains("\r\n") ? "crlf" : "lf"
            return call.answer([
                "path": path.text, "name": file.name, "text": text.replacing("\r\n", with: "\n"), "line_end": lineEnd, "tag": file.tag,
                "size": file.size,
                "changed_at": file.modifiedAt,
            ])
        }

        routes.put("projects/{project}/code/text", "writeCodeText") { call in
            let code = try await projects.intake(of: call.id("project"), for: call.caller)
            let path = try call.filePath()
            let input = try await call.input(TextInput.self)
            let text = input.lineEnd == .crlf ? input.text.replacing("\r\n", with: "\n").replacing("\n", with: "\r\n") : input.text
            guard text.utf8.count <= Self.limit else { throw WeirError.textTooLarge(path.text, Self.limit) }
            let body = AsyncStream<ByteBuffer> { stream in
                stream.yield(ByteBuffer(string: text))
                stream.finish()
            }
            try await code.write(body, at: path, announced: Bytes(Int64(text.utf8.count)), if: input.tag.map { .tag($0) } ?? .absent)
            guard let entry = try await code.entry(path) else { throw WeirError.notFound("file") }
            return call.answer([
                "path": path.text, "name": entry.name, "tag": entry.tag, "size": entry.size, "changed_at": entry.modifiedAt,
            ])
        }
    }

    struct TextInput: Input {
        enum LineEnd: String, Codable { case lf, crlf }

        let text: String
        let tag: String?
        let lineEnd: LineEnd?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case text, tag
            case lineEnd = "line_end"
        }
    }
}

extension WeirError {
    static func textTooLarge(_ path: String, _ limit: Int) -> WeirError {
        WeirError(
            "text_too_large", .tooLarge, subject: "path", rule: "PRJ-08",
            LocalizedText(
                "\"\(path)\" is too large for the editor, which takes \(limit >> 10) KiB.", zh: "“\(path)”过大：在线编辑器最多支持 \(limit >> 10) KiB。"),
            remedy: LocalizedText("Download it, or edit it in an environment.", zh: "请下载后修改，或在开发环境中编辑。"))
    }

    static func notText(_ path: String) -> WeirError {
        WeirError(
            "not_text", .invalid, subject: "path", rule: "PRJ-08",
            LocalizedText("\"\(path)\" is no text in UTF-8.", zh: "“\(path)”不是 UTF-8 文本。"),
            remedy: LocalizedText("Download it, or open it in an environment.", zh: "请下载，或在开发环境中打开。"))
    }
}
