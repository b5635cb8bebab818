import Foundation

/// The name of a project, an asset, an environment …: at most 64 characters, unique inside a workspace and kind without
/// regard to case (PRJ-03, X17).
public struct Name: Hashable, Sendable, CustomStringConvertible {
    public static let limit = 64
    public let text: String

    public init(_ text: String, field: String = "name") throws(WeirError) {
        if Self.isPlain(text) {
            self.text = text
            return
        }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { throw .missing(field) }
        // As JSON Schema counts: code points of what was given.
        guard text.unicodeScalars.count <= Self.limit else { throw .tooLong(field, limit: Self.limit, rule: "PRJ-03") }
        guard !trimmed.unicodeScalars.contains(where: { CharacterSet.controlCharacters.contains($0) }),
            !trimmed.utf8.contains(UInt8(ascii: "/"))
        else { throw .malformed(field, "a name without control characters and \"/\"", rule: "X17") }
        self.text = trimmed
    }

    /// What two names are compared by: canonical form, without case.
    public var key: String {
        text.utf8.allSatisfy { $0 < 0x80 } ? text.lowercased() : text.precomposedStringWithCanonicalMapping.lowercased()
    }

    /// Nearly all names, which need none of Foundation's tables: ASCII that can be seen, and no slash.
    private static func isPlain(_ text: String) -> Bool {
        (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "/") }
    }

    public var description: String { text }
}

/// A free text that goes with a thing.
public enum Note {
    public static let limit = 4096

    public static func checked(_ text: String, field: String = "description") throws(WeirError) -> String {
        guard text.unicodeScalars.count <= limit else { throw .tooLong(field, limit: limit) }
        guard !text.unicodeScalars.contains("\0") else { throw .malformed(field, "text without NUL") }
        return text
    }
}

/// Labels that people put on things to find them again.
public enum Tags {
    public static let most = 16
    public static let limit = 32

    public static func checked(_ tags: [String]) throws(WeirError) -> [String] {
        guard tags.count <= most else { throw .malformed("tags", "at most \(most) tags") }
        var result: [String] = []
        for tag in tags {
            let text = tag.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty, tag.unicodeScalars.count <= limit, !text.contains(",") else {
                throw .malformed("tags", "tags of 1 to \(limit) characters without commas")
            }
            if !result.contains(text) { result.append(text) }
        }
        return result
    }
}
