/// The name of an immutable tree of files in the zone's storage: a version of an asset, or a snapshot of code.
public struct TreeName: Hashable, Sendable, Codable, CustomStringConvertible {
    public let text: String

    public init(_ identifier: Identifier<Tree>) { text = identifier.text }

    public init?(_ text: String) {
        guard let identifier = Identifier<Tree>(text) else { return nil }
        self.text = identifier.text
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let name = TreeName(text) else { throw WeirError.malformedIdentifier(text) }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    public var description: String { text }
}

public struct Tree: Identified, Sendable {
    public static let identifierPrefix = "tre"
}
