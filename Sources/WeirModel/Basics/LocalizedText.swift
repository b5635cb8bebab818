/// A text that a person sees, in the two languages of the product.
public struct LocalizedText: Hashable, Sendable, Codable {
    public let en: String
    public let zh: String

    public init(_ en: String, zh: String) {
        self.en = en
        self.zh = zh
    }

    public subscript(language: Language) -> String {
        switch language {
        case .english: en
        case .chinese: zh
        }
    }
}

public enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case chinese = "zh-Hans"

    /// The first language of an `Accept-Language` header that Weir speaks; English when there is none.
    public init(accepting header: String?) {
        let ranges = (header ?? "").split(separator: ",").enumerated().map { index, part in
            let pieces = part.split(separator: ";").map { $0.trimmingPrefix { $0 == " " } }
            let quality = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return (tag: pieces.first.map { $0.lowercased() } ?? "", quality: quality, index: index)
        }
        let best = ranges.sorted { ($0.quality, -$0.index) > ($1.quality, -$1.index) }
            .first { $0.tag.hasPrefix("zh") || $0.tag.hasPrefix("en") }
        self = best?.tag.hasPrefix("zh") == true ? .chinese : .english
    }
}
