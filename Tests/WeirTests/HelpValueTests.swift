import ArgumentParser
import Foundation
import Testing

@testable import weir

/// A value that a help text gives as an example, or lists, is one that the option takes (issue 13).
@Suite("Values in help texts")
struct HelpValueTests {
    /// A command at the end of a path of words, as the parser's own description has it.
    private struct Command: Decodable {
        let commandName: String
        let discussion: String?
        let subcommands: [Command]?
        let arguments: [Argument]?
    }

    private struct Argument: Decodable {
        let kind: String
        let valueName: String?
        let abstract: String?
        let isOptional: Bool
        let names: [Name]?
        /// Of a type with a few values only.
        let allValues: [String]?

        struct Name: Decodable {
            let kind: String
            let name: String
        }

        var option: String? { kind == "option" ? names?.first { $0.kind == "long" }.map { "--" + $0.name } : nil }
    }

    private struct Dump: Decodable {
        let command: Command
    }

    private static func leaves(_ command: Command, _ path: [String]) -> [(path: [String], command: Command)] {
        let children = (command.subcommands ?? []).filter { $0.commandName != "help" }
        return children.isEmpty ? [(path, command)] : children.flatMap { leaves($0, path + [$0.commandName]) }
    }

    /// `as 90m or 8h` and `never for no timer`.
    static func examples(in help: String) -> [String] {
        var found: [String] = []
        for match in help.matches(of: /\b[Aa]s ([0-9][0-9A-Za-z:-]*(?:\.[0-9]+)?)(?: or ([0-9][0-9A-Za-z]*))?/) {
            found.append(String(match.output.1))
            if let other = match.output.2 { found.append(String(other)) }
        }
        if let match = help.firstMatch(of: /; (none|never) for/) { found.append(String(match.output.1)) }
        return found
    }

    /// `low, normal or high`, at the beginning or behind a colon.
    static func list(in help: String) -> [String] {
        let beginning = help.firstMatch(of: /(?:^|Only |, )([a-z0-9_]+(?:, [a-z0-9_]+)*,? or [a-z0-9_]+)(?:[.;]| \(|$)/)?.output.1
        let behind = help.firstMatch(of: /: ([A-Za-z0-9_-]+(?:, [A-Za-z0-9_-]+)*,? or [A-Za-z0-9_-]+)/)?.output.1
        guard let text = behind ?? beginning else { return [] }
        return text.split { $0 == "," || $0 == " " }.map(String.init).filter { $0 != "or" }
    }

    /// The sets of values that the document of the API knows, and those of languages.
    private static func known() throws -> Set<Set<String>> {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/WeirHTTP/OpenAPI/openapi.yaml")
        let document = try String(contentsOf: file, encoding: .utf8)
        var sets: Set<Set<String>> = [["en", "zh"]]
        for match in document.matches(of: /enum: \[([^\]]*)\]/) {
            let words = match.output.1.split { $0 == "," || $0 == " " || $0 == "'" }.map(String.init)
            sets.insert(Set(words).subtracting(["null"]))
        }
        return sets
    }

    @Test("each is taken by its option, and a list is all that there is to choose (issue 13)")
    func taken() throws {
        let dump = try JSONDecoder().decode(Dump.self, from: Data(Weir._dumpHelp().utf8))
        let known = try Self.known()
        var (tried, lists) = (0, 0)
        for (path, command) in Self.leaves(dump.command, []) {
            let arguments = command.arguments ?? []
            let places = arguments.filter { $0.kind == "positional" }
            let rest = Self.example(of: command, path) ?? places.filter { !$0.isOptional }.map { $0.allValues?.first ?? "x" }
            // Every command has the language's.
            for argument in arguments where argument.kind != "flag" && (argument.valueName != "lang" || path == ["why"]) {
                let help = argument.abstract ?? ""
                let listed = argument.option == nil && argument.allValues == nil ? [] : Self.list(in: help)
                for value in Self.examples(in: help) + listed {
                    let call: [String]
                    if let option = argument.option {
                        call = path + [option, value] + rest
                    } else if argument.allValues == nil, let place = places.firstIndex(where: { $0.valueName == argument.valueName }) {
                        call = path + places[..<place].map { $0.allValues?.first ?? "x" } + [value]
                    } else {
                        continue
                    }
                    tried += 1
                    let problem = ExampleTests.problem(call)
                    #expect(problem == nil, "weir \(call.joined(separator: " ")): \(problem ?? "")")
                }
                guard listed.count > 1 else { continue }
                lists += 1
                if let all = argument.allValues {
                    #expect(listed == all, "weir \(path.joined(separator: " ")): \(help)")
                } else {
                    #expect(known.contains(Set(listed).subtracting(["none"])), "weir \(path.joined(separator: " ")): \(help)")
                }
            }
        }
        #expect(tried > 100 && lists > 15, "\(tried) values, \(lists) lists")
    }

    /// What follows the command's own words in the first example of its help.
    private static func example(of command: Command, _ path: [String]) -> [String]? {
        let text = command.discussion?.components(separatedBy: "EXAMPLES:").dropFirst().first ?? ""
        let calls = text.split(separator: "\n").flatMap { ExampleTests.calls(in: String($0)) }
        return calls.first { $0.starts(with: path) }.map { Array($0.dropFirst(path.count)) }
    }

    @Test("values are found in the words around them")
    func finder() {
        #expect(Self.examples(in: "How long, as 90m or 8h; never for no timer.") == ["90m", "8h", "never"])
        #expect(Self.examples(in: "Cores, as 1.5.") == ["1.5"])
        #expect(Self.examples(in: "A time as 2027-01-01T00:00:00Z; never when left out.") == ["2027-01-01T00:00:00Z"])
        #expect(Self.list(in: "How soon its turn comes when it has to wait: low, normal or high.") == ["low", "normal", "high"])
        #expect(Self.list(in: "Only requested, issued or rejected.") == ["requested", "issued", "rejected"])
        #expect(Self.list(in: "Name or id.").isEmpty && Self.list(in: "Folder or file; everything when left out.").isEmpty)
    }
}
