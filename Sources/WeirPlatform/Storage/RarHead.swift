import WeirModel

/// Checks the heads in a RAR before a program unpacks it: as many as are asked for at once.
struct RarHead: Sendable {
    /// The heads that are checked before the thread is given back.
    static let slice = 100
    private static let mostHeads = 100_000
    private static let longestHead: Int64 = 2 << 20

    private let file: OpenFile
    private let size: Int64
    /// Of version 5; otherwise of 1.5 to 4.
    private let isNew: Bool
    private var position: Int64
    private var heads = 0

    /// Throws `archive_damaged`, `archive_too_old`, `archive_empty`.
    init(of file: OpenFile, size: Int64) throws {
        guard size > 0 else { throw WeirError.archiveEmpty() }
        let mark = try Self.bytes(of: file, 0, 8)
        if mark.starts(with: Array("RE~^".utf8)) { throw WeirError.archiveTooOld() }
        isNew = mark.starts(with: [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07, 0x01, 0x00])
        guard isNew || mark.starts(with: [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07, 0x00]) else { throw WeirError.archiveDamaged("it is no RAR") }
        position = isNew ? 8 : 7
        self.file = file
        self.size = size
    }

    /// Checks `count` more heads. False when all are checked. Throws `archive_encrypted`, `archive_is_volume`.
    mutating func advance(_ count: Int) throws -> Bool {
        for _ in 0..<count {
            guard heads < Self.mostHeads, let next = try isNew ? afterNew() : afterOld(), next > position, next < size else { return false }
            heads += 1
            position = next
        }
        return true
    }

    /// The place of the head after this one; nil where there is none.
    private func afterOld() throws -> Int64? {
        let head = try Self.bytes(of: file, position, 11)
        guard head.count >= 7 else { return nil }
        let (kind, flags) = (head[2], Self.little(head, 3, 2))
        let length = Self.little(head, 5, 2)
        guard length >= 7 else { return nil }
        switch kind {
        case 0x73:
            if flags & 0x0080 != 0 { throw WeirError.archiveEncrypted() }
            if flags & 0x0001 != 0 { throw WeirError.archiveIsVolume() }
        case 0x74:
            if flags & 0x0004 != 0 { throw WeirError.archiveEncrypted() }
            if flags & 0x0003 != 0 { throw WeirError.archiveIsVolume() }
        case 0x7B: return nil
        default: break
        }
        var data: Int64 = 0
        if flags & 0x8000 != 0 || kind == 0x74, head.count >= 11 { data = Self.little(head, 7, 4) }
        if kind == 0x74, flags & 0x0100 != 0 { data |= Self.little(try Self.bytes(of: file, position + 32, 4), 0, 4) << 32 }
        return Self.sum(position + length, data)
    }

    private func afterNew() throws -> Int64? {
        var reader = Numbers(bytes: try Self.bytes(of: file, position + 4, 10))
        guard let length = reader.next(), length > 0, length <= Self.longestHead else { return nil }
        let begin = position + 4 + Int64(reader.position)
        let head = try Self.bytes(of: file, begin, Int(length))
        guard head.count == Int(length) else { return nil }
        reader = Numbers(bytes: head)
        guard let kind = reader.next(), let flags = reader.next() else { return nil }
        let extra = flags & 1 != 0 ? reader.next() ?? 0 : 0
        let data = flags & 2 != 0 ? reader.next() ?? 0 : 0
        switch kind {
        case 1: if let own = reader.next(), own & 1 != 0 { throw WeirError.archiveIsVolume() }
        case 2, 3:
            if flags & 0x18 != 0 { throw WeirError.archiveIsVolume() }
            if Self.isEncrypted(head.suffix(Int(clamping: extra))) { throw WeirError.archiveEncrypted() }
        case 4: throw WeirError.archiveEncrypted()
        case 5: return nil
        default: break
        }
        return Self.sum(begin + length, data)
    }

    private static func sum(_ end: Int64, _ data: Int64) -> Int64? {
        let (next, isTooMuch) = end.addingReportingOverflow(data)
        return isTooMuch ? nil : next
    }

    private static func isEncrypted(_ extra: ArraySlice<UInt8>) -> Bool {
        var reader = Numbers(bytes: Array(extra))
        while reader.position < reader.bytes.count {
            guard let length = reader.next(), length > 0 else { return false }
            let body = reader.position
            guard let kind = reader.next() else { return false }
            if kind == 1 { return true }
            guard length <= Int64(reader.bytes.count - body) else { return false }
            reader.position = body + Int(length)
        }
        return false
    }

    /// Numbers of seven bits a byte, the last of which has no eighth.
    private struct Numbers {
        let bytes: [UInt8]
        var position = 0

        mutating func next() -> Int64? {
            var value: Int64 = 0
            for shift in stride(from: 0, to: 63, by: 7) {
                guard position < bytes.count else { return nil }
                let byte = bytes[position]
                position += 1
                value |= Int64(byte & 0x7F) << Int64(shift)
                if byte & 0x80 == 0 { return value }
            }
            return nil
        }
    }

    private static func little(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64 {
        guard start + count <= bytes.count else { return 0 }
        return bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Fewer at the end.
    private static func bytes(of file: OpenFile, _ start: Int64, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: start) }
        return Array(bytes.prefix(got))
    }
}
