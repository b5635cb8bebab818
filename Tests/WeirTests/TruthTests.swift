import ArgumentParser
import Foundation
import Testing

@testable import weir

/// Everything that a text of the product names is there: commands with their options, routes, and keys of the configuration (issue 12).
@Suite("Texts are true")
struct TruthTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Files with words for people, by their path in the repository.
    private static func files(in folder: String, _ ends: String...) -> [(path: String, text: String)] {
        let base = root.appending(path: folder)
        var found: [(String, String)] = []
        guard let all = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else { return [] }
        for case let file as URL in all where ends.contains(where: { file.lastPathComponent.hasSuffix($0) }) {
            let path = String(file.path.dropFirst(root.path.count + 1))
            if let text = try? String(contentsOf: file, encoding: .utf8) { found.append((path, text)) }
        }
        return found
    }

    private static let texts: [(path: String, text: String)] =
        files(in: "Sources", ".swift", ".json", ".html", ".yaml") + files(in: "Docs", ".md")
        + [("README.md", (try? String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)) ?? "")]

    @Test("every command that a text names in backticks exists, with its subcommands and options")
    func commands() {
        var seen = 0
        for (path, text) in Self.texts {
            for match in text.matches(of: /`weir ([^`\n]+)`/) {
                seen += 1
                let problem = Self.problem(String(match.output.1))
                #expect(problem == nil, "\(path): `weir \(match.output.1)`: \(problem ?? "")")
            }
        }
        #expect(seen > 40)
    }

    @Test(
        "the finder of untrue commands finds them",
        arguments: ["upload", "open", "env commit lab", "env stop --nope", "dataset edit --no-such"])
    func finder(call: String) { #expect(Self.problem(call) != nil) }

    /// Nil for what the program takes: the words lead down to a command, and the options are among its own.
    private static func problem(_ call: String) -> String? {
        var command: any ParsableCommand.Type = Weir.self
        var isNamed = false
        var hasOptions = false
        for word in call.split(separator: " ").map(String.init) {
            if word == "--" || word.hasPrefix("|") || word.hasPrefix("<") || word.hasPrefix(">") { break }
            if word.hasPrefix("--") {
                hasOptions = true
                // An option of a command that stands for its usual subcommand is that one's.
                if let usual = command.configuration.defaultSubcommand { command = usual }
                let name = String(word.prefix { $0 != "=" }).trimmingCharacters(
                    in: .punctuationCharacters.subtracting(CharacterSet(charactersIn: "-")))
                let help = command.helpMessage(includeHidden: true)
                let options = help.matches(of: /--[a-z][a-z-]*/).map { String($0.output) }
                if !["--help", "--version", "--generate-completion-script"].contains(name), !options.contains(name) {
                    return "no option \(name)"
                }
                continue
            }
            // A word behind an option may be its value.
            if hasOptions { continue }
            guard word.allSatisfy({ $0.isLowercase && $0.isASCII || $0 == "-" || $0.isNumber }), !word.hasPrefix("-") else { break }
            let children = command.configuration.subcommands
            let next = children.first { child in
                let configuration = child.configuration
                let name =
                    configuration.commandName
                    ?? String(describing: child).replacing(/([a-z])([A-Z])/) { "\($0.output.1)-\($0.output.2)" }.lowercased()
                return name == word || configuration.aliases.contains(word)
            }
            if let next {
                (command, isNamed) = (next, true)
            } else if !children.isEmpty, command.configuration.defaultSubcommand == nil || !isNamed {
                return "no command \(word)"
            } else {
                break
            }
        }
        return nil
    }

    @Test("every route that a text names is in the document of the API")
    func routes() throws {
        let document = try #require(Self.texts.first { $0.path.hasSuffix("openapi.yaml") }).text
        let paths = document.matches(of: /\n  (\/[^\n:]*):/).map { String($0.output.1) }
        #expect(paths.count > 100)
        func shape(_ path: String) -> [String] {
            path.split(separator: "/").map { $0.contains("{") || $0.contains("\\(") || $0.first?.isUppercase == true ? "{}" : String($0) }
        }
        let known = Set(paths.map { shape($0).joined(separator: "/") })
        func isKnown(_ path: String) -> Bool {
            let asked = shape(path)
            if known.contains(asked.joined(separator: "/")) { return true }
            // The word for a parameter in an example is any word.
            return paths.contains { other in
                let parts = shape(other)
                return parts.count == asked.count && zip(parts, asked).allSatisfy { $0 == $1 || $0 == "{}" }
            }
        }
        for (path, text) in Self.texts where path.hasSuffix(".md") || path.hasSuffix(".json") {
            for match in text.matches(of: /\/api\/v1\/[A-Za-z0-9_\/{}.-]*[A-Za-z0-9}]/) {
                let route = String(match.output)
                if route == "/api/v1" || route.hasSuffix("openapi.yaml") { continue }
                #expect(isKnown(route), "\(path): \(route)")
            }
        }
    }

    @Test("every key of the configuration that a text names in a remedy or a manual is one")
    func keys() throws {
        let sections = Set(ConfigurationKey.all.compactMap { $0.path.split(separator: ".").first }.map(String.init))
        let known = Set(ConfigurationKey.all.map(\.path))
        var seen = 0
        for (path, text) in Self.texts where path.hasSuffix(".md") || path.hasSuffix(".json") || path.hasSuffix(".swift") {
            for match in text.matches(of: /`([a-z]+\.[a-z_]+)`/) {
                let key = String(match.output.1)
                guard let section = key.split(separator: ".").first.map(String.init), sections.contains(section) else { continue }
                // A file may begin like a section.
                if ["md", "py", "swift", "yaml", "json", "sh", "html", "js", "db", "sqlite", "key"].contains(key.split(separator: ".")[1]) {
                    continue
                }
                seen += 1
                #expect(known.contains(key), "\(path): \(key)")
            }
        }
        #expect(seen > 20)
    }

    @Test("the values that the help of an option offers are the API's, all of them (issue 12)")
    func values() throws {
        let document = try #require(Self.texts.first { $0.path.hasSuffix("openapi.yaml") }).text
        func words(_ text: Substring) -> [String] { text.split { !$0.isLetter && $0 != "_" }.map(String.init) }
        func values(_ line: Substring) -> [String] {
            line.firstMatch(of: /enum: \[([^\]]*)\]/).map { words($0.output.1) } ?? []
        }
        let lines = document.split(separator: "\n")
        let sorts = lines.filter { $0.contains("name: sort, in: query") }.map { Set(values($0)) }
        let types = try #require(lines.first { $0.contains("    DataType:") }.map(values))
        #expect(sorts.count == 3 && types.count == 6)
        var seen = 0
        for command in CommandLineTests.all() {
            let help = command.helpMessage(columns: 1000).replacing(/\s+/, with: " ")
            if let match = help.firstMatch(of: /--sort <sort> In which order: ([a-z, ]+)\./) {
                seen += 1
                let offered = Set(words(match.output.1)).subtracting(["or"])
                #expect(sorts.contains(offered), "\(command): \(offered)")
            }
            if let match = help.firstMatch(of: /--data-type <data-type> ([a-z, ]+) \(DAT-20\)/) {
                seen += 1
                #expect(words(match.output.1).filter { $0 != "or" } == types, "\(command)")
            }
        }
        #expect(seen > 5)
    }

    @Test("nothing promises a commit, which no command and no page can do yet (ux 6)")
    func commit() {
        let canCommit = CommandLineTests.all().contains { ($0.configuration.commandName ?? "") == "commit" }
        for (path, text) in Self.texts where !canCommit && !path.hasSuffix(".md") {
            #expect(!text.contains("Commit the environment") && !text.contains("固化为镜像"), "\(path)")
        }
    }

    @Test("what the console says of an upload is the limit that is configured (issue 12)")
    func limits() throws {
        for (path, text) in Self.texts where path.hasSuffix("Texts/en.json") || path.hasSuffix("Texts/zh-Hans.json") {
            for fixed in ["2 GB", "50 files", "50 个"] { #expect(!text.contains(fixed), "\(path): \(fixed)") }
        }
    }

    @Test("no message for people has the number of a requirement in it (ux 23)")
    func numbers() {
        for (path, text) in Self.texts where !path.hasSuffix(".md") && !path.hasSuffix(".yaml") {
            for line in text.split(separator: "\n") {
                guard !path.hasSuffix(".swift") || line.contains("zh: \"") || line.contains("LocalizedText(") else { continue }
                #expect(line.firstMatch(of: /[(（](?:[A-Z]{2,3}-[0-9]+|X[0-9]{2})[)）]/) == nil, "\(path): \(line)")
            }
        }
    }
}
