import Crypto
public import Foundation
import WeirModel

/// The end of the ledger: what the next entry follows.
public struct LedgerHead: Hashable, Sendable {
    /// Before the first entry.
    public static let none = LedgerHead(sequence: 0, hash: Data(repeating: 0, count: 32))

    public let sequence: Int64
    public let hash: Data

    public init(sequence: Int64, hash: Data) {
        self.sequence = sequence
        self.hash = hash
    }
}

/// A posting with its canonical bytes, made before the one writer has to wait for them.
struct PreparedPosting: Sendable {
    let posting: Posting
    let content: [UInt8]
    /// It may be the first on its line of a bill. Whether it is, the table says.
    let mayBeginLine: Bool

    init(_ posting: Posting, mayBeginLine: Bool = true) {
        self.posting = posting
        self.mayBeginLine = mayBeginLine && posting.kind == .charge
        content = posting.content
    }

    /// SHA-256 over the hash before, the entry's place and time, and its content.
    func hash(after head: LedgerHead, at moment: Timestamp) -> Data {
        var place = CanonicalFields()
        return Data(head.hash.withUnsafeBytes { hash(after: $0, sequence: head.sequence + 1, at: moment, &place) })
    }

    /// - Parameter place: memory that is used again.
    func hash(
        after previous: UnsafeRawBufferPointer, sequence: Int64, at moment: Timestamp, _ place: inout CanonicalFields
    ) -> SHA256.Digest {
        place.removeAll()
        place.add(sequence)
        place.add(moment.milliseconds)
        var hash = SHA256()
        hash.update(bufferPointer: previous)
        place.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        content.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize()
    }
}

extension Posting {
    /// The fields in their order. One that came later stands at the end and, where it is absent, not even as that: entries from before
    /// it keep their hashes.
    var content: [UInt8] {
        var fields = CanonicalFields()
        fields.reserve(320)
        fields.add(workspace.text)
        fields.add(kind.rawValue)
        fields.add(counter.rawValue)
        fields.add(amount.micro)
        fields.add(key)
        fields.add(month?.description)
        fields.add(project?.text)
        fields.add(account?.text)
        fields.add(run?.workload.text)
        fields.add(run.map { Int64($0.number) })
        fields.add(minutes?.before)
        fields.add(minutes?.after)
        fields.add(minutes.map { Int64($0.corrections) })
        fields.add(minutes?.end?.milliseconds)
        fields.add(basis)
        fields.add(actor?.text)
        fields.add(reference)
        fields.add(note)
        if let start = minutes?.start { fields.add(start.milliseconds) }
        return fields.bytes
    }
}
