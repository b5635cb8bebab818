public import WeirModel

/// Makes a creation that is sent twice happen once.
public struct IdempotencyKey: Hashable, Sendable {
    public static let longest = 128
    /// Keys are remembered this long.
    public static let kept = Duration.seconds(48 * 3600)
    let key: String
    let requestHash: String

    /// `request` is all that the answer depends on: method, path and body.
    public init(_ key: String, request: String) throws(WeirError) {
        guard (1...Self.longest).contains(key.utf8.count), key.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw .malformed("Idempotency-Key", "1 to \(Self.longest) printable ASCII characters")
        }
        self.key = key
        requestHash = Secrets.hash(request)
    }
}
