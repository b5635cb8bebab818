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

    func catalogue(_ language: Language) -> [String: [String: String]] { groups[language] ?? [:] }

    /// The word for a value that the API gives as a code: a state, a kind, a role. A code without a word is shown as it is.
    func word(for code: String, _ language: Language) -> String { groups[language]?["codes"]?[code] ?? code }
}
