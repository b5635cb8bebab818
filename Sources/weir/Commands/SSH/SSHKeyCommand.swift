import ArgumentParser
import Foundation
import WeirModel

struct SSHKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-key", abstract: "Your public keys, by which you log in over SSH (SSH-04).",
        subcommands: [Add.self, List.self, Remove.self])

    struct Add: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a public key; it works at once.",
            discussion: """
                Without a file it takes the first of ~/.ssh/id_ed25519.pub, id_ecdsa.pub and id_rsa.pub.

                EXAMPLES:
                  weir ssh-key add
                  weir ssh-key add ~/.ssh/work.pub --name laptop
                """)

        @Argument(help: "The .pub file.") var file: String?
        @Option(help: "What it is called; the key's comment when left out.") var name: String?
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let home = session.environment["HOME"] ?? "/root"
            let usual = ["id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"].map { "\(home)/.ssh/\($0)" }
            guard let path = file ?? usual.first(where: FileManager.default.fileExists(atPath:)) else {
                throw WeirError.missing("file")
            }
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw WeirError.malformed("file", "a file that can be read")
            }
            // What is no key never leaves this machine.
            _ = try SSHPublicKey(text)
            let body = JSONValue.members([
                "public_key": .string(text.trimmingCharacters(in: .whitespacesAndNewlines)), "name": name.map { .string($0) },
            ])
            let answer = try await session.api.answer(.send(.post, "/api/v1/ssh/keys", body), as: Records.SSHKey.self)
            try session.output.done(
                "Added \(answer.value.name): \(answer.value.fingerprint)", json: answer.json, identifier: answer.value.id)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List your keys.", discussion: "EXAMPLES:\n  weir ssh-key list", aliases: ["ls"])

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/ssh/keys"), of: Records.SSHKey.self)
            let table = Table(.text("NAME"), .text("KIND"), .number("BITS"), .text("FINGERPRINT"), .text("USED"), .text("ID"))
            try session.output.list(answer, table, identifier: \.id) {
                [$0.name, $0.kind, "\($0.bits)", $0.fingerprint, $0.usedAt?.short ?? "never", $0.id]
            }
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a key.", discussion: "EXAMPLES:\n  weir ssh-key remove laptop", aliases: ["rm"])

        @Argument(help: "Name, id or fingerprint.") var key: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let api = try session.api
            let keys = try await api.list(.get("/api/v1/ssh/keys"), of: Records.SSHKey.self).value
            guard let found = keys.first(where: { $0.id == key || $0.fingerprint == key || $0.name.sameName(as: key) }) else {
                throw WeirError.noneCalled("key", key)
            }
            _ = try await api.answer(.delete("/api/v1/ssh/keys/\(found.id)"))
            try session.output.done("Removed.", identifier: found.id)
        }
    }
}
