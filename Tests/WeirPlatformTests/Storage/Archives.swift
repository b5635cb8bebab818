/// Archives made byte by byte, so that a test can say what no program would write.
enum Archives {
    /// An entry of a tar; the type is tar's own: "0" file, "5" folder, "2" symbolic link, "1" hard link, "3" device.
    struct Entry {
        var name: String
        var content: [UInt8] = []
        var type: Character = "0"
        var target = ""
        var mode = 0o644
        /// The twelve bytes that say its size; nil for the true ones.
        var saidSize: [UInt8]?
        var bytes: [UInt8] { odd ?? Array(name.utf8) }
        var targetBytes: [UInt8] { oddTarget ?? Array(target.utf8) }
        private var odd: [UInt8]?
        private var oddTarget: [UInt8]?

        init(name: String, content: [UInt8] = [], type: Character = "0", target: String = "", mode: Int = 0o644) {
            (self.name, self.content, self.type, self.target, self.mode) = (name, content, type, target, mode)
        }

        /// Without content, and of a size that it only says: in binary, as large ones are written.
        static func saying(_ size: Int64, name: String, type: Character, target: String = "") -> Entry {
            var entry = Entry(name: name, type: type, target: target)
            entry.saidSize = [0x80, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) }
            return entry
        }

        /// Of a name that is no text.
        init(bytes: [UInt8], content: [UInt8]) {
            self.init(name: "", content: content)
            odd = bytes
        }

        /// A link to a name that is no text.
        init(bytes: [UInt8], type: Character, target: [UInt8]) {
            self.init(name: "", type: type)
            (odd, oddTarget) = (bytes, target)
        }
    }

    static func tar(_ entries: [Entry]) -> [UInt8] {
        var out: [UInt8] = []
        for entry in entries {
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, _ start: Int) {
                for (index, byte) in text.utf8.enumerated() { header[start + index] = byte }
            }
            func octal(_ value: Int, _ digits: Int) -> String {
                let text = String(value, radix: 8)
                return String(repeating: "0", count: digits - text.count) + text
            }
            for (index, byte) in entry.bytes.enumerated() { header[index] = byte }
            put(octal(entry.mode, 7), 100)
            put(octal(0, 7), 108)
            put(octal(0, 7), 116)
            put(octal(entry.content.count, 11), 124)
            if let said = entry.saidSize { header.replaceSubrange(124..<136, with: said) }
            put(octal(1_700_000_000, 11), 136)
            put("        ", 148)
            put(String(entry.type), 156)
            for (index, byte) in entry.targetBytes.enumerated() { header[157 + index] = byte }
            put("ustar", 257)
            put("00", 263)
            put(octal(header.reduce(0) { $0 + Int($1) }, 6), 148)
            header[154] = 0
            out += header + entry.content
            out += [UInt8](repeating: 0, count: (512 - entry.content.count % 512) % 512)
        }
        return out + [UInt8](repeating: 0, count: 1024)
    }

    /// Stored entries; names are given as bytes because old programs write them in the encoding of their country.
    static func zip(_ entries: [(name: [UInt8], content: [UInt8])], encrypted: Bool = false, sharingOne: Bool = false) -> [UInt8] {
        var out: [UInt8] = []
        var directory: [UInt8] = []
        let flags = encrypted ? 1 : 0
        for (name, content) in entries {
            let offset = sharingOne ? 0 : out.count
            let sum = Int(crc32(content))
            let common =
                le(20, 2) + le(flags, 2) + le(0, 4) + le(0x21, 2) + le(sum, 4) + le(content.count, 4)
                + le(content.count, 4) + le(name.count, 2)
            out += le(0x0403_4b50, 4) + common + le(0, 2) + name + content
            directory += le(0x0201_4b50, 4) + le(20, 2) + common + le(0, 12) + le(offset, 4) + name
        }
        let end = le(0x0605_4b50, 4) + le(0, 4) + le(entries.count, 2) + le(entries.count, 2)
        return out + directory + end + le(directory.count, 4) + le(out.count, 4) + le(0, 2)
    }

    /// A zip with the directory of a large one, which says numbers of its own; nil for the true ones.
    static func largeZip(length: Int? = nil, place: Int? = nil) -> [UInt8] {
        let plain = zip([(Array("a".utf8), [1])])
        let body = Array(plain.dropLast(22))
        let own = 46 + 1
        var large = le(0x0606_4b50, 4) + le(44, 8) + le(45, 2) + le(45, 2) + le(0, 8) + le(1, 8) + le(1, 8)
        large += le(length ?? own, 8) + le(body.count - own, 8)
        large += le(0x0706_4b50, 4) + le(0, 4) + le(place ?? body.count, 8) + le(1, 4)
        return body + large + plain.suffix(22)
    }

    /// RAR 4 with stored entries; `solid` marks the archive as one that the unpacking program does not know.
    static func rar(_ entries: [(name: String, content: [UInt8])], solid: Bool = false, flags: Int = 0, fileFlags: Int = 0) -> [UInt8] {
        rar(bytes: entries.map { (Array($0.name.utf8), $0.content) }, solid: solid, flags: flags, fileFlags: fileFlags)
    }

    /// The same with names that may be no text.
    static func rar(
        bytes entries: [(name: [UInt8], content: [UInt8])], solid: Bool = false, flags: Int = 0, fileFlags: Int = 0
    ) -> [UInt8] {
        func block(_ header: [UInt8]) -> [UInt8] { le(Int(crc32(header) & 0xffff), 2) + header }
        var out: [UInt8] = [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07, 0x00]
        out += block([0x73] + le(flags | (solid ? 8 : 0), 2) + le(13, 2) + le(0, 6))
        for (bytes, content) in entries {
            var header: [UInt8] = [0x74] + le(0x8000 | fileFlags | (solid ? 0x10 : 0), 2) + le(32 + bytes.count, 2)
            header += le(content.count, 4) + le(content.count, 4) + [3] + le(Int(crc32(content)), 4) + le(0x5000_0021, 4)
            header += [20, 0x30] + le(bytes.count, 2) + le(0o100644, 4) + bytes
            out += block(header) + content
        }
        return out + block([0x7b] + le(0x4000, 2) + le(7, 2))
    }

    private static func le(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~crc
    }
}
