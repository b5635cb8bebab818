import Foundation

/// What names one payment that was made outside of Weir: the number of a transfer, say (BIL-21).
public struct PaymentReference: Hashable, Sendable {
    /// As it was typed, without the spaces around it.
    public let text: String

    public init(_ text: String) { self.text = text.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// What two references are compared by: nobody means another payment by capitals, by wide letters or by a space more.
    public var key: String {
        text.precomposedStringWithCompatibilityMapping.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
