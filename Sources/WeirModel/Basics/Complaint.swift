/// Something of an installation that is less than it should be although requests are served: for its operator.
public struct Complaint: Hashable, Sendable {
    /// Stable and telling nothing of what lies where, for everybody: `disk_full`.
    public var code: String
    /// For the operator alone: it may name files of the host.
    public var text: LocalizedText

    public init(_ code: String, _ text: LocalizedText) {
        self.code = code
        self.text = text
    }
}
