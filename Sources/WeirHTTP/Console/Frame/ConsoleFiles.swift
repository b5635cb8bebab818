import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel

/// The console's files: pages and words for the server, scripts and styles for the browser. They are built in; a folder of the same
/// shape is read anew for each request instead, for who works on them.
struct ConsoleFiles: Sendable {
    static let pages = [
        "Frame", "Accounts", "Home", "Projects", "Code", "Assets", "Environments", "Jobs", "Services", "Boards", "Workloads",
        "Queue", "Members", "Quotas", "Billing", "Records", "Images", "Operator",
    ]
    private static let scripts = [
        "console.js", "live.js", "log.js", "logline.js", "upload.js", "editor.js", "build.js", "find.js", "quote.js", "console.css",
        "weir.svg",
    ]

    let pages: Pages
    /// Where the browser finds the files; a name of its own for each content, so that it never asks twice.
    let place: String
    private let served: [String: (type: String, bytes: ByteBuffer)]
    private let isFolder: Bool

    /// - Parameter libraries: third-party scripts by their names, which are served beside the console's own.
    init(folder: String? = nil, libraries: [String: ByteBuffer] = [:]) throws {
        func read(_ path: String) throws -> Data {
            if let folder { return try Data(contentsOf: URL(filePath: folder).appending(path: path)) }
            let name = path.split(separator: "/").last.map(String.init) ?? path
            guard let bytes = Self.builtIn[name] else { throw ConsolePage.Fault(description: "\(path) is not built in") }
            return Data(bytes)
        }
        let texts = try Texts([.english: read("Texts/en.json"), .chinese: read("Texts/zh-Hans.json")])
        pages = try Pages(
            files: try Self.pages.map { ($0, String(decoding: try read("Pages/\($0).html"), as: UTF8.self)) }, texts: texts)
        var served: [String: (String, ByteBuffer)] = [:]
        var digest = SHA256()
        for name in Self.scripts {
            let data = try read("Scripts/\(name)")
            digest.update(data: data)
            let type =
                switch name.split(separator: ".").last {
                case "js": "text/javascript; charset=utf-8"
                case "css": "text/css; charset=utf-8"
                default: "image/svg+xml"
                }
            served[name] = (type, ByteBuffer(bytes: data))
        }
        for (name, bytes) in libraries.sorted(by: { $0.key < $1.key }) {
            digest.update(data: Data("\(name) \(bytes.readableBytes)".utf8))
            served[name] = ("text/javascript; charset=utf-8", bytes)
        }
        self.served = served
        place = "/console/" + digest.finalize().prefix(9).map { String($0, radix: 36) }.joined()
        isFolder = folder != nil
    }

    /// The files of the editor: its entry is `codemirror.js`, which fetches what a language needs by the names that it knows.
    static func editor(in folder: String) throws -> [String: ByteBuffer] {
        var files: [String: ByteBuffer] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".js") {
            let bytes = ByteBuffer(bytes: try Data(contentsOf: URL(filePath: folder).appending(path: name)))
            files[name == "index.js" ? "codemirror.js" : name] = bytes
        }
        return files
    }

    /// Nil for a name that is none of theirs. A file asked for by an older name is given as it is now.
    func answer(_ name: String) -> Response? {
        guard let (type, bytes) = served[name] else { return nil }
        let age = isFolder ? "no-store" : "public, max-age=31536000, immutable"
        return Response(
            status: .ok, headers: [.contentType: type, .cacheControl: age], body: ResponseBody(byteBuffer: bytes))
    }
}
