public import WeirModel

/// How a client wants to be told: in which language, and as a page or as JSON.
public struct PageStyle: Hashable, Sendable {
    public var language = Language.english
    public var json = false

    public init(language: Language = .english, json: Bool = false) {
        self.language = language
        self.json = json
    }
}
