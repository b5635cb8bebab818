import ArgumentParser
import Foundation
import Testing

@testable import weir

/// What the help and the manuals show must be what the program takes.
@Suite("Examples")
struct ExampleTests {
    @Test("every example in a command's help is a valid command line")
    func help() {
        let commands = CommandLineTests.all()
        var seen = 0
        for command in commands {
            guard let examples = command.configuration.discussion.components(separatedBy: "EXAMPLES:").dropFirst().first
            else { continue }
            for line in examples.split(separator: "\n") {
                for words in Self.calls(in: String(line)) {
                    seen += 1
                    #expect(Self.problem(words) == nil, "\(line): \(Self.problem(words) ?? "")")
                }
            }
        }
        #expect(seen > 80)
    }

    @Test(
        "every command in the README and the manuals is a valid command line",
        arguments: ["README.md", "Docs/operations.md", "Docs/scheduling.md"])
    func manuals(file: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
        var seen = 0
        for line in text.split(separator: "\n") where line.hasPrefix("    $ weir ") || line.hasPrefix("    weir ") {
            for words in Self.calls(in: line.trimmingCharacters(in: CharacterSet(charactersIn: " $"))) {
                seen += 1
                #expect(Self.problem(words) == nil, "\(line): \(Self.problem(words) ?? "")")
            }
        }
        #expect(seen > 0)
    }

    /// Nil when the words are a valid command line.
    static func problem(_ words: [String]) -> String? {
        // The server is composed apart from the client, and its flags are held by its own tests.
        if words.first == "serve" { return nil }
        do {
            _ = try Weir.parseAsRoot(words)
            return nil
        } catch {
            return Weir.exitCode(for: error) == .success ? nil : Weir.message(for: error)
        }
    }

    /// The calls of `weir` in a line of shell: the words of each, without redirections, pipes and comments.
    static func calls(in line: String) -> [[String]] {
        var calls: [[String]] = []
        var words: [String] = []
        var word = ""
        var isQuoted = false
        var isWord = false
        func endWord() {
            if isWord { words.append(word) }
            word = ""
            isWord = false
        }
        func endCall() {
            endWord()
            let end = words.firstIndex { $0.hasPrefix(">") || $0.hasPrefix("<") } ?? words.endIndex
            if words.first == "weir" { calls.append(Array(words[1..<end])) }
            words = []
        }
        for character in line {
            switch character {
            case "'":
                isQuoted.toggle()
                isWord = true
            case _ where isQuoted: word.append(character)
            case " ": endWord()
            case "&", "|", "#": endCall()
            default:
                word.append(character)
                isWord = true
            }
        }
        endCall()
        return calls
    }
}
