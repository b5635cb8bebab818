import Foundation
import Mustache
import WeirModel

/// The words of the console, one catalogue a language: groups of texts by capability.
struct Texts: Sendable {
    private let groups: [Language: [String: [String: String]]]

    /// - Parameter catalogues: a JSON object of objects of texts for each language.
    init(_ catalogues: [Language: Data]) throws {
        groups = try catalogues.mapValues { try JSONDecoder().decode([String: [String: String]].self, from: $0) }
    }

    /// A template with each `{{t.group.key}}` replaced by its text. Throws `ConsolePage.Fault` for a text that is not there.
    func filled(into template: String, _ language: Language) throws(ConsolePage.Fault) -> String {
        var pieces = template.split(separator: "{{t.", omittingEmptySubsequences: false)[...]
        var result = String(pieces.removeFirst())
        for piece in pieces {
            guard let end = piece.firstRange(of: "}}") else { throw ConsolePage.Fault(description: "a text's name has no end") }
            let name = piece[..<end.lowerBound].split(separator: ".").map(String.init)
            guard name.count == 2, let text = groups[language]?[name[0]]?[name[1]] else {
                throw ConsolePage.Fault(description: "no text \(piece[..<end.lowerBound]) (\(language.rawValue))")
            }
            result += Self.escaped(text)
            result += piece[end.upperBound...]
        }
        return result
    }

    /// A text is text, in a template as in a page.
    private static func escaped(_ text: String) -> String {
        let special: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;", "{": "&#123;"]
        return text.reduce(into: "") { $0 += special[$1] ?? String($1) }
    }

    /// The word for a value that the API gives as a code: a state, a kind, a role. A code without a word is shown as it is.
    func word(for code: String, _ language: Language) -> String { groups[language]?["codes"]?[code] ?? code }
}
