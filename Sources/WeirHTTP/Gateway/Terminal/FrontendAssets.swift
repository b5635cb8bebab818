public import Foundation
import NIOCore

/// The files of the terminal's page: xterm from the folder that `Scripts/frontend-assets.sh` fills, and our own.
public struct FrontendAssets: Sendable {
    private let files: [String: Answer]

    /// Reads the files once; blocks while it does.
    /// - Throws: When a file is missing.
    public init(folder: URL) throws {
        let library = try Data(contentsOf: folder.appendingPathComponent("xterm/index.js"))
        let style = try Data(contentsOf: folder.appendingPathComponent("xterm/xterm.css"))
        let kept = [("Cache-Control", "max-age=3600")]
        files = [
            "": Answer(
                status: "200 OK",
                fields: [
                    ("Cache-Control", "no-cache"), ("Referrer-Policy", "no-referrer"),
                    (
                        "Content-Security-Policy",
                        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; font-src data:; frame-ancestors 'self'"
                    ),
                ], text: TerminalPage.html),
            "terminal.js": Answer(
                status: "200 OK", type: "text/javascript; charset=utf-8", fields: [("Cache-Control", "no-cache")],
                text: TerminalPage.script),
            "xterm.js": Answer(
                status: "200 OK", type: "text/javascript; charset=utf-8", fields: kept, body: ByteBuffer(bytes: library)
            ),
            "xterm.css": Answer(
                status: "200 OK", type: "text/css; charset=utf-8", fields: kept, body: ByteBuffer(bytes: style)),
        ]
    }

    func terminalFile(_ name: String) -> Answer? { files[name] }
}
