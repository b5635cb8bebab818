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

/// The bytes over which an entry is hashed: each field as `length:bytes`, numbers in decimal, what is absent as `-`.
struct CanonicalFields {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            addDecimal(Int64(utf8.count))
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func add(_ text: String?) {
        if let text { add(text) } else { bytes.append(UInt8(ascii: "-")) }
    }

    mutating func add(_ number: Int64) {
        let start = bytes.count
        addDecimal(number)
        let length = bytes.count - start
        // A number has at most 20 characters, so its length has at most two.
        var head = [UInt8(ascii: "0") + UInt8(length % 10), UInt8(ascii: ":")]
        if length > 9 { head.insert(UInt8(ascii: "0") + UInt8(length / 10), at: 0) }
        bytes.insert(contentsOf: head, at: start)
    }

    mutating func add(_ number: Int64?) {
        if let number { add(number) } else { bytes.append(UInt8(ascii: "-")) }
    }

    mutating func reserve(_ capacity: Int) { bytes.reserveCapacity(capacity) }

    private mutating func addDecimal(_ number: Int64) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }
}

/// A posting with its canonical bytes, made before the one writer has to wait for them.
struct PreparedPosting: Sendable {
    let posting: Posting
    let content: [UInt8]

    init(_ posting: Posting) {
        self.posting = posting
        content = posting.content
    }

    /// SHA-256 over the hash before, the entry's place and time, and its content.
    func hash(after head: LedgerHead, at moment: Timestamp) -> Data {
        var place = CanonicalFields()
        place.add(head.sequence + 1)
        place.add(moment.milliseconds)
        var hash = SHA256()
        hash.update(data: head.hash)
        place.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        content.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Data(hash.finalize())
    }
}

extension Posting {
    /// The fields in the order of the table.
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
        return fields.bytes
    }
}
