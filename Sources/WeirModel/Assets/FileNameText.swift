/// The name of a file as text. A file system takes any bytes but NUL and "/" for a name; what is no text in UTF-8, and what a person cannot
/// see, is written `\xHH`, byte by byte. Each name has one such text, and each such text leads back to its name.
///
/// A backslash stands for itself, but where it would read as such a byte it is written `\x5C`.
public enum FileNameText {
    public static func text(of name: some Collection<UInt8>) -> String {
        let bytes = Array(name)
        if bytes.allSatisfy({ (32..<127).contains($0) && $0 != backslash }) { return String(decoding: bytes, as: UTF8.self) }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 16)
        var position = 0
        while position < bytes.count {
            let length = visible(bytes[position...])
            if length == 0 || (bytes[position] == backslash && byte(bytes[position...]) != nil) {
                text += escape(bytes[position])
                position += 1
            } else {
                text += bytes[position..<position + length]
                position += length
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A text that no name is written as stands for itself.
    public static func bytes(of text: String) -> [UInt8] {
        let plain = Array(text.utf8)
        guard plain.contains(backslash) else { return plain }
        var name: [UInt8] = []
        var written: [UInt8] = []
        var position = 0
        while position < plain.count {
            if plain[position] == backslash, let byte = byte(plain[position...]) {
                name.append(byte)
                written += escape(byte)
                position += 4
            } else {
                name.append(plain[position])
                written.append(plain[position])
                position += 1
            }
        }
        return Array(Self.text(of: name).utf8) == written ? name : plain
    }

    private static let backslash = UInt8(ascii: "\\")

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [backslash, UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    /// The byte that `\xHH` at the beginning stands for.
    private static func byte(_ bytes: ArraySlice<UInt8>) -> UInt8? {
        let four = Array(bytes.prefix(4))
        guard four.count == 4, four[1] == UInt8(ascii: "x"), let high = digit(four[2]), let low = digit(four[3]) else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// The number of bytes of the visible character at the beginning; 0 where there is none.
    private static func visible(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let first = bytes.first else { return 0 }
        let length =
            switch first {
            case 32..<127: 1
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 0
            }
        guard length > 1 else { return length }
        let part = bytes.prefix(length)
        guard part.count == length, let scalar = String(validating: part, as: UTF8.self)?.unicodeScalars.first else { return 0 }
        return isUnseen(scalar.value) ? 0 : length
    }

    /// Controls, what breaks a line, and what is not seen itself and has the rest read in another order (`gpj.exe` as `exe.jpg`).
    private static func isUnseen(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x80..<0xA0, 0x2028, 0x2029: true
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}
