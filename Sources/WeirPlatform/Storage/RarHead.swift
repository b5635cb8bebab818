import WeirModel

/// Checks the heads in a RAR before a program unpacks it.
enum RarHead {
    private static let mostHeads = 100_000
    private static let longestHead: Int64 = 2 << 20

    /// Throws `archive_damaged`, `archive_encrypted`, `archive_is_volume`, `archive_too_old`, `archive_empty`.
    static func check(_ file: OpenFile, size: Int64) throws {
        guard size > 0 else { throw WeirError.archiveEmpty() }
        let mark = try bytes(of: file, 0, 8)
        if mark.starts(with: Array("RE~^".utf8)) { throw WeirError.archiveTooOld() }
        if mark.starts(with: [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07, 0x01, 0x00]) { return try checkNew(file, size) }
        if mark.starts(with: [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07, 0x00]) { return try checkOld(file, size) }
        throw WeirError.archiveDamaged("it is no RAR")
    }

    /// Versions 1.5 to 4.
    private static func checkOld(_ file: OpenFile, _ size: Int64) throws {
        var position: Int64 = 7
        for _ in 0..<mostHeads {
            let head = try bytes(of: file, position, 11)
            guard head.count >= 7 else { return }
            let (kind, flags) = (head[2], little(head, 3, 2))
            let length = little(head, 5, 2)
            guard length >= 7 else { return }
            switch kind {
            case 0x73:
                if flags & 0x0080 != 0 { throw WeirError.archiveEncrypted() }
                if flags & 0x0001 != 0 { throw WeirError.archiveIsVolume() }
            case 0x74:
                if flags & 0x0004 != 0 { throw WeirError.archiveEncrypted() }
                if flags & 0x0003 != 0 { throw WeirError.archiveIsVolume() }
            case 0x7B: return
            default: break
            }
            var next = position + length
            if flags & 0x8000 != 0 || kind == 0x74, head.count >= 11 { next += little(head, 7, 4) }
            if kind == 0x74, flags & 0x0100 != 0 { next += little(try bytes(of: file, position + 32, 4), 0, 4) << 32 }
            guard next > position, next < size else { return }
            position = next
        }
    }

    /// Version 5.
    private static func checkNew(_ file: OpenFile, _ size: Int64) throws {
        var position: Int64 = 8
        for _ in 0..<mostHeads {
            var reader = Numbers(bytes: try bytes(of: file, position + 4, 10))
            guard let length = reader.next(), length > 0, length <= longestHead else { return }
            let begin = position + 4 + Int64(reader.position)
            let head = try bytes(of: file, begin, Int(length))
            guard head.count == Int(length) else { return }
            reader = Numbers(bytes: head)
            guard let kind = reader.next(), let flags = reader.next() else { return }
            let extra = flags & 1 != 0 ? reader.next() ?? 0 : 0
            let data = flags & 2 != 0 ? reader.next() ?? 0 : 0
            switch kind {
            case 1: if let own = reader.next(), own & 1 != 0 { throw WeirError.archiveIsVolume() }
            case 2, 3:
                if flags & 0x18 != 0 { throw WeirError.archiveIsVolume() }
                if isEncrypted(head.suffix(Int(clamping: extra))) { throw WeirError.archiveEncrypted() }
            case 4: throw WeirError.archiveEncrypted()
            case 5: return
            default: break
            }
            let (next, isTooMuch) = (begin + length).addingReportingOverflow(data)
            guard !isTooMuch, data >= 0, next > position, next < size else { return }
            position = next
        }
    }

    private static func isEncrypted(_ extra: ArraySlice<UInt8>) -> Bool {
        var rest = Array(extra)
        while !rest.isEmpty {
            var reader = Numbers(bytes: rest)
            guard let length = reader.next(), length > 0 else { return false }
            let body = reader.position
            guard let kind = reader.next() else { return false }
            if kind == 1 { return true }
            guard length <= Int64(rest.count - body) else { return false }
            rest = Array(rest.dropFirst(body + Int(length)))
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
