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
        "Queue", "Members", "Quotas", "Billing", "Images", "Operator",
    ]
    private static let scripts = [
        "console.js", "live.js", "log.js", "upload.js", "editor.js", "quote.js", "console.css", "weir.svg",
    ]

    let pages: Pages
    /// Where the browser finds the files; a name of its own for each content, so that it never asks twice.
    let place: String
    private let served: [String: (type: String, bytes: ByteBuffer)]
    private let isFolder: Bool

    init(folder: String? = nil) throws {
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
        self.served = served
        place = "/console/" + digest.finalize().prefix(9).map { String($0, radix: 36) }.joined()
        isFolder = folder != nil
    }

    /// Nil for a name that is none of theirs. A file asked for by an older name is given as it is now.
    func answer(_ name: String) -> Response? {
        guard let (type, bytes) = served[name] else { return nil }
        let age = isFolder ? "no-store" : "public, max-age=31536000, immutable"
        return Response(
            status: .ok, headers: [.contentType: type, .cacheControl: age], body: ResponseBody(byteBuffer: bytes))
    }
}
