import Foundation
import Testing

@Suite("The official notebook image")
struct NotebookImageTests {
    private struct Configuration: Decodable {
        let server: Server

        struct Server: Decodable {
            let tornado: Tornado

            enum CodingKeys: String, CodingKey { case tornado = "tornado_settings" }
        }

        struct Tornado: Decodable {
            let mostOfMessage: Int

            enum CodingKeys: String, CodingKey { case mostOfMessage = "websocket_max_message_size" }
        }

        enum CodingKeys: String, CodingKey { case server = "ServerApp" }
    }

    @Test("a message to a kernel may be as long as the manual says (bugs R3)")
    func messages() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = try Data(contentsOf: root.appending(path: "Images/notebook/jupyter_server_config.json"))
        let most = try JSONDecoder().decode(Configuration.self, from: file).server.tornado.mostOfMessage
        let manual = try String(contentsOf: root.appending(path: "Docs/gateway.md"), encoding: .utf8)
        #expect(manual.contains("messages up to \(most >> 20) MiB to a kernel"))
        #expect(most == 256 << 20)
    }

    @Test("TensorBoard passes over names that are no text, or the image is not built (G4)")
    func tensorBoard() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let containerfile = try String(contentsOf: root.appending(path: "Images/notebook/Containerfile"), encoding: .utf8)
        #expect(containerfile.contains("sed -i -f /tmp/weir/tensorboard.sed") && containerfile.contains("grep -q surrogateescape"))
        let sed = Process()
        sed.executableURL = URL(filePath: "/usr/bin/env")
        sed.arguments = ["sed", "-f", root.appending(path: "Images/notebook/tensorboard.sed").path]
        let (input, output) = (Pipe(), Pipe())
        (sed.standardInput, sed.standardOutput) = (input, output)
        try sed.run()
        // As it stands in tensorboard 2.21, compat/tensorflow_stub/io/gfile.py.
        try input.fileHandleForWriting.write(contentsOf: Data("        entries = [compat.as_str_any(item) for item in entries]\n".utf8))
        try input.fileHandleForWriting.close()
        let changed = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        sed.waitUntilExit()
        #expect(changed.hasPrefix("        entries = [item for item in map(compat.as_str_any, entries) if "))
        #expect(changed.contains("surrogateescape"))
    }
}
