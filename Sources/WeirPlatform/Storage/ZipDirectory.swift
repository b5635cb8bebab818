import WeirModel

/// The directory at the end of a zip, with the names in it byte by byte.
struct ZipDirectory: Sendable {
    struct Entry: Sendable {
        var name: [UInt8]
        /// True for a name in UTF-8, by the archive's word or by its own bytes.
        let isUnicode: Bool
        let size: Int64
        /// Packed by a system whose separators may be backslashes.
        let isOfDOS: Bool
        let offset: Int64
    }

    /// In the order in which they lie in the file.
    var entries: [Entry] = []

    /// It is read whole. It has room for two million names of usual length; a tar has no such end.
    static let largest = Bytes.mib(192)

    /// Throws `archive_damaged`, `archive_encrypted`, `archive_is_volume`, `archive_empty`, `archive_too_many_files`.
    init(of file: OpenFile, size: Int64, limits: UnpackLimits) throws {
        let (start, length, count) = try Self.place(in: file, size)
        guard count > 0 else { throw WeirError.archiveEmpty() }
        guard count <= limits.files else { throw WeirError.archiveTooManyFiles(limit: limits.files) }
        guard length <= size, start <= size - length else { throw WeirError.archiveDamaged("its directory is broken") }
        guard length <= Self.largest.count else { throw WeirError.archiveDamaged("the directory of a zip ends at \(Self.largest)") }
        let bytes = try Self.read(file, start, Int(length))
        var position = 0
        for _ in 0..<count {
            guard position + 46 <= bytes.count, Self.number(bytes, position, 4) == 0x0201_4b50 else {
                throw WeirError.archiveDamaged("its directory is broken")
            }
            let flags = Self.number(bytes, position + 8, 2)
            guard flags & 0x41 == 0 else { throw WeirError.archiveEncrypted() }
            let lengths = [28, 30, 32].map { Int(Self.number(bytes, position + $0, 2)) }
            let end = position + 46 + lengths[0] + lengths[1] + lengths[2]
            guard end <= bytes.count else { throw WeirError.archiveDamaged("its directory is broken") }
            let name = Array(bytes[(position + 46)..<(position + 46 + lengths[0])])
            let extra = bytes[(position + 46 + lengths[0])..<(position + 46 + lengths[0] + lengths[1])]
            var entrySize = Self.number(bytes, position + 24, 4)
            var offset = Self.number(bytes, position + 42, 4)
            let packed = Self.number(bytes, position + 20, 4)
            var unicode: [UInt8]?
            Self.eachField(of: extra) { identifier, field in
                if identifier == 0x0001 { Self.readLarge(field, &entrySize, packed, &offset) }
                // The name once more, for one that is in another charset.
                if identifier == 0x7075, field.count > 5, field[field.startIndex] == 1,
                    Self.number(Array(field), 1, 4) == Int64(Checksum.crc32(name))
                {
                    unicode = Array(field.dropFirst(5))
                }
            }
            let isUnicode = flags & 0x800 != 0 || unicode != nil || String(validating: name, as: UTF8.self) != nil
            let system = bytes[position + 5]
            entries.append(
                Entry(
                    name: unicode ?? name, isUnicode: isUnicode, size: entrySize, isOfDOS: [0, 10, 11, 14].contains(system), offset: offset)
            )
            position = end
        }
        entries.sort { $0.offset < $1.offset }
        for (one, next) in zip(entries, entries.dropFirst()) where one.offset == next.offset {
            throw WeirError.archiveDamaged("several of its names stand for one content")
        }
    }

    /// The start and the length of the directory, and the number of its entries.
    private static func place(in file: OpenFile, _ size: Int64) throws -> (Int64, Int64, Int) {
        let tail = Int(min(size, 22 + 65_535))
        let bytes = try read(file, size - Int64(tail), tail)
        guard let end = stride(from: bytes.count - 22, through: 0, by: -1).first(where: { number(bytes, $0, 4) == 0x0605_4b50 }) else {
            throw WeirError.archiveDamaged("it has no directory at its end")
        }
        var (disk, first) = (number(bytes, end + 4, 2), number(bytes, end + 6, 2))
        var (count, length) = (number(bytes, end + 10, 2), number(bytes, end + 12, 4))
        var last = size - Int64(tail) + Int64(end)
        if end >= 20, number(bytes, end - 20, 4) == 0x0706_4b50 {
            let place = number(bytes, end - 12, 8)
            guard place >= 0, place <= size - 56 else { throw WeirError.archiveDamaged("its directory is broken") }
            let large = try read(file, place, 56)
            guard number(large, 0, 4) == 0x0606_4b50 else { throw WeirError.archiveDamaged("its directory is broken") }
            (disk, first) = (number(large, 16, 4), number(large, 20, 4))
            (count, length) = (number(large, 32, 8), number(large, 40, 8))
            last = place
        }
        guard disk == 0, first == 0 else { throw WeirError.archiveIsVolume() }
        guard count >= 0, length >= 0 else { throw WeirError.archiveDamaged("its directory is broken") }
        // Where it begins is not taken from its end: something may stand before the archive, such as a program that unpacks it.
        return (max(0, last - length), length, Int(clamping: count))
    }

    private static func read(_ file: OpenFile, _ start: Int64, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: start) }
        guard got == count else { throw WeirError.archiveDamaged("it ends in the middle") }
        return bytes
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64 {
        guard start >= 0, start + count <= bytes.count else { return -1 }
        return bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | Int64($1) }
    }

    private static func eachField(of extra: ArraySlice<UInt8>, _ body: (Int64, ArraySlice<UInt8>) -> Void) {
        var rest = extra
        while rest.count >= 4 {
            let bytes = Array(rest.prefix(4))
            let (identifier, length) = (number(bytes, 0, 2), Int(number(bytes, 2, 2)))
            guard rest.count >= 4 + length else { return }
            body(identifier, rest.dropFirst(4).prefix(length))
            rest = rest.dropFirst(4 + length)
        }
    }

    /// Numbers that have no room where they belong stand here, in this order, and only those.
    private static func readLarge(_ field: ArraySlice<UInt8>, _ size: inout Int64, _ packed: Int64, _ offset: inout Int64) {
        let bytes = Array(field)
        var position = 0
        func next() -> Int64? {
            guard position + 8 <= bytes.count else { return nil }
            defer { position += 8 }
            return number(bytes, position, 8)
        }
        if size == 0xFFFF_FFFF, let value = next() { size = value }
        if packed == 0xFFFF_FFFF { _ = next() }
        if offset == 0xFFFF_FFFF, let value = next() { offset = value }
    }
}

enum Checksum {
    private static let table: [UInt32] = (0..<256).map { start in
        (0..<8).reduce(UInt32(start)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
    }
}
