import WeirModel

/// One entry of a tar, as it stands there.
struct TarEntry: Sendable {
    enum Kind: Sendable { case file, folder, link, hardLink, special }

    var name: [UInt8]
    var kind: Kind
    var target: [UInt8]
    var mode: UInt32
    var size: Int64
    /// In seconds.
    var modified: Int64
}

/// Takes what a tar is made of as it comes: the old form, POSIX's and GNU's. Names are bytes.
///
/// Its text is not for people: each field has its place, and whatever a name is made of, it is not taken for something else.
struct TarReader: Sendable {
    /// The input is another kind of tar, or none.
    struct NotRead: Error {}

    private enum State {
        case header
        case content(left: Int64, padding: Int64)
        case record(kind: UInt8, left: Int64, padding: Int64)
        case padding(Int64)
        case over
    }

    static let longestRecord: Int64 = 1 << 20
    /// No disk has room for it, and with what fills its last block it is a number still.
    private static let largest: Int64 = 1 << 60
    private static let block = 512

    private var state = State.header
    private var header: [UInt8] = []
    private var record: [UInt8] = []
    private var name: [UInt8]?
    private var target: [UInt8]?
    private var size: Int64?
    private var modified: Int64?
    private var hasBegun = false

    /// Throws `archive_damaged`, `archive_is_volume`, and `NotRead`.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, begin: (TarEntry) throws -> Void, content: (UnsafeRawBufferPointer) throws -> Void,
        end: () throws -> Void
    ) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch state {
            case .over: return
            case .header:
                let part = rest.prefix(Self.block - header.count)
                header += part
                rest = rest.dropFirst(part.count)
                guard header.count == Self.block else { return }
                try readHeader(begin, end)
                header.removeAll(keepingCapacity: true)
            case .content(let left, let padding):
                let part = rest.prefix(Int(clamping: left))
                try content(UnsafeRawBufferPointer(rebasing: part))
                rest = rest.dropFirst(part.count)
                let after = left - Int64(part.count)
                if after == 0 { try end() }
                state = after > 0 ? .content(left: after, padding: padding) : padding > 0 ? .padding(padding) : .header
            case .record(let kind, let left, let padding):
                let part = rest.prefix(Int(clamping: left))
                record += part
                rest = rest.dropFirst(part.count)
                let after = left - Int64(part.count)
                guard after == 0 else {
                    state = .record(kind: kind, left: after, padding: padding)
                    continue
                }
                try readRecord(kind)
                record.removeAll(keepingCapacity: true)
                state = padding > 0 ? .padding(padding) : .header
            case .padding(let left):
                let part = rest.prefix(Int(clamping: left))
                rest = rest.dropFirst(part.count)
                state = left > Int64(part.count) ? .padding(left - Int64(part.count)) : .header
            }
        }
    }

    /// To be called at the end of the stream. Throws `archive_damaged` when it is cut off.
    func finish() throws {
        switch state {
        case .over: return
        case .header where header.isEmpty && hasBegun && name == nil: return
        case .header where !hasBegun && header.isEmpty: throw WeirError.archiveEmpty()
        default: throw WeirError.archiveDamaged("it ends in the middle")
        }
    }

    private mutating func readHeader(_ begin: (TarEntry) throws -> Void, _ end: () throws -> Void) throws {
        if header.allSatisfy({ $0 == 0 }) {
            state = .over
            return
        }
        let sum = header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        guard let said = number(148, 8), said == Int64(sum) else {
            if hasBegun { throw WeirError.archiveDamaged("an entry's head is broken") }
            throw NotRead()
        }
        hasBegun = true
        let kind = header[156]
        let fieldSize = try Self.checked(number(124, 12))
        switch kind {
        case UInt8(ascii: "x"), UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "g"):
            guard fieldSize <= Self.longestRecord else { throw WeirError.archiveDamaged("a name is too long") }
            state = fieldSize > 0 ? .record(kind: kind, left: fieldSize, padding: Self.padding(fieldSize)) : .header
            return
        case UInt8(ascii: "S"), UInt8(ascii: "D"), UInt8(ascii: "A"): throw NotRead()
        case UInt8(ascii: "M"): throw WeirError.archiveIsVolume()
        case UInt8(ascii: "V"):
            state = fieldSize > 0 ? .padding(fieldSize + Self.padding(fieldSize)) : .header
            return
        default: break
        }
        var entry = TarEntry(
            name: name ?? ownName(), kind: .file, target: target ?? text(157, 100), mode: UInt32(truncatingIfNeeded: number(100, 8) ?? 0),
            size: size ?? fieldSize, modified: modified ?? number(136, 12) ?? 0)
        (name, target, size, modified) = (nil, nil, nil, nil)
        switch kind {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            // So the oldest programs name folders. What has content is none: the last character of a name from a RAR may look like that.
            entry.kind = entry.name.last == UInt8(ascii: "/") && entry.size == 0 ? .folder : .file
        case UInt8(ascii: "1"): entry.kind = .hardLink
        case UInt8(ascii: "2"): entry.kind = .link
        case UInt8(ascii: "5"): entry.kind = .folder
        default: entry.kind = .special
        }
        try begin(entry)
        // POSIX lets a second name carry its content once more.
        let carries = entry.kind == .file || (entry.kind == .hardLink && entry.size > 0)
        guard carries, entry.size > 0 else {
            if entry.kind == .file { try end() }
            let passed = entry.kind == .link || entry.kind == .folder || entry.kind == .special ? fieldSize : 0
            state = passed > 0 && entry.kind == .special ? .padding(passed + Self.padding(passed)) : .header
            return
        }
        state =
            entry.kind == .file
            ? .content(left: entry.size, padding: Self.padding(entry.size)) : .padding(entry.size + Self.padding(entry.size))
    }

    private mutating func readRecord(_ kind: UInt8) throws {
        switch kind {
        case UInt8(ascii: "L"): name = Array(record.prefix { $0 != 0 })
        case UInt8(ascii: "K"): target = Array(record.prefix { $0 != 0 })
        case UInt8(ascii: "x"): try readAttributes()
        default: break
        }
    }

    /// `length key=value\n`, where the length counts itself.
    private mutating func readAttributes() throws {
        var rest = record[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count
            else { throw WeirError.archiveDamaged("an entry's attributes are broken") }
            let line = rest[(space + 1)..<(rest.startIndex + length - 1)]
            rest = rest.dropFirst(length)
            guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let (key, value) = (String(decoding: line[..<sign], as: UTF8.self), Array(line[(sign + 1)...]))
            switch key {
            case "path": name = value
            case "linkpath": target = value
            case "size": size = try Self.checked(Int64(String(decoding: value, as: UTF8.self)))
            case "mtime": modified = String(decoding: value, as: UTF8.self).split(separator: ".").first.flatMap { Int64($0) }
            case _ where key.hasPrefix("GNU.sparse."): throw NotRead()
            default: continue
            }
        }
    }

    private static func checked(_ size: Int64?) throws -> Int64 {
        guard let size, size >= 0, size <= largest else { throw WeirError.archiveDamaged("an entry's size is broken") }
        return size
    }

    private static func padding(_ size: Int64) -> Int64 { (512 - size % 512) % 512 }

    private func ownName() -> [UInt8] {
        let name = text(0, 100)
        // GNU's own form has other things there.
        guard header[257..<263].elementsEqual(Array("ustar\0".utf8)) else { return name }
        let prefix = text(345, 155)
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    private func text(_ start: Int, _ length: Int) -> [UInt8] { Array(header[start..<start + length].prefix { $0 != 0 }) }

    /// In octal digits, or in binary where the first bit says so.
    private func number(_ start: Int, _ length: Int) -> Int64? {
        let field = header[start..<start + length]
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first == 0x80 || first == 0xFF else { return nil }
            return field.dropFirst().reduce(first == 0xFF ? -1 : 0) { $0 << 8 | Int64($1) }
        }
        let digits = field.drop { $0 == 32 || $0 == 0 }.prefix { (48..<56).contains($0) }
        guard field.allSatisfy({ $0 == 32 || $0 == 0 || (48..<56).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 << 3 | Int64($1 - 48) }
    }
}
