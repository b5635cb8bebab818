/// A repository and tag that workloads can be made from.
public struct Image: Identified, Sendable {
    public static let identifierPrefix = "img"
}
