import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import WeirModel

struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "What containers are made from.",
        subcommands: [List.self, Show.self, BuildOfficial.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the official images and those of a workspace (IMG-01, IMG-21).",
            discussion: "EXAMPLES:\n  weir image list", aliases: ["ls"])

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            // Who is in no workspace yet sees the official images.
            let workspace =
                choice.workspace == nil && session.profile.workspace == nil
                ? nil : try await session.workspace(choice).id
            let answer = try await session.api.list(
                .get("/api/v1/images", [("workspace", workspace)]), of: Records.Image.self)
            let table = Table(
                .text("IMAGE"), .text("TOOLS"), .number("SIZE"), .text("OF"), .text("CREATED"), .text("ID"))
            try session.output.list(answer, table, identifier: \.id) {
                [
                    $0.reference, $0.tools.joined(separator: ","), Phrase.size($0.size),
                    $0.workspace == nil ? "official" : "workspace", $0.createdAt.short, $0.id,
                ]
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an image with its labels (IMG-20).",
            discussion: "EXAMPLES:\n  weir image show notebook --json")

        @Argument(help: "Reference, its last part, or id.") var image: String
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            var id = image
            if !id.isIdentifier("img") {
                let reference = try await session.image(image, in: choice)
                let workspace = try await session.workspace(choice)
                let all = try await session.api.list(
                    .get("/api/v1/images", [("workspace", workspace.id)]), of: Records.Image.self)
                id = all.value.first { $0.reference == reference }?.id ?? image
            }
            let answer = try await session.api.answer(.get("/api/v1/images/\(id)"), as: Records.Image.self)
            let labels = answer.json["labels"]
            try session.output.details(answer, identifier: \.id) { image in
                var shown: [(name: String, value: String?)] = [
                    ("image", image.reference), ("id", image.id), ("digest", image.digest),
                    ("tools", image.tools.joined(separator: ", ")), ("size", Phrase.size(image.size)),
                    ("created", image.createdAt.short),
                ]
                if case .object(let members)? = labels {
                    for (name, value) in members.sorted(by: { $0.key < $1.key }) { shown.append((name, value.text)) }
                }
                return shown
            }
        }
    }

    struct BuildOfficial: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Build the official images, for the operator (IMG-01, IMG-20).",
            discussion: "EXAMPLES:\n  weir image build-official\n  weir image build-official notebook")

        @Argument(help: "The images; all of them when left out.") var names: [String] = []
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let body = JSONValue.members(["names": names.isEmpty ? nil : .array(names.map { .string($0) })])
            var call = try APICall.send(.post, "/api/v1/images/build-official", body)
            call.timeout = nil
            let api = try session.api
            var line: [UInt8] = []
            var built: [JSONValue] = []
            var isDone = false
            for try await buffer in try await api.response(call).body {
                for byte in buffer.readableBytesView {
                    guard byte == 10 else {
                        line.append(byte)
                        continue
                    }
                    isDone = try take(line, &built, session) || isDone
                    line.removeAll(keepingCapacity: true)
                }
            }
            isDone = try take(line, &built, session) || isDone
            guard isDone else { throw WeirError.connectionBroke("the build's progress ends before the build") }
            try session.output.done(
                "Built \(Phrase.count(built.count, "image")).", json: .object(["items": .array(built), "next": .null]))
        }

        /// One line of the answer; true for the last.
        private func take(_ line: [UInt8], _ built: inout [JSONValue], _ session: ClientSession) throws -> Bool {
            guard !line.isEmpty, let value = try? JSONDecoder().decode(JSONValue.self, from: Data(line)) else {
                return false
            }
            if let text = value["progress"]?.text { session.output.note(text.replacing("\r", with: "").withoutControls) }
            if let image = value["image"] {
                built.append(image)
                session.output.note("Ready: \(image["reference"]?.text ?? "an image")")
            }
            if value["error"] != nil { throw APIFailure(httpStatus: 500, body: value) }
            return value["done"] == .bool(true)
        }
    }
}
