import Foundation

/// One header field as offsets into the bytes of the head.
struct HeadField {
    /// The whole line with its CRLF.
    let line: Range<Int>
    let name: Range<Int>
    let value: Range<Int>
    let kind: FieldKind
}

/// Why the bytes are no head that the gateway takes.
enum HeadFault: Error, Equatable {
    case malformed
    case tooLarge
    case version
    /// Two readers could see different ends of the body.
    case ambiguousBody
    case host
    case expectation
    case transferCoding
}

/// Finds the fields of a message head. Stricter than RFC 9112 allows: only CRLF ends a line, no folding, no space before
/// the colon, no control characters; whoever stands behind the gateway cannot read another message than the gateway did.
struct HeadScanner {
    static let limit = 64 << 10
    static let mostFields = 128

    private(set) var startLine = 0..<0
    private(set) var fields: [HeadField] = []
    private var searched = 0

    /// The length of the head with its empty line, or nil when more bytes are needed.
    mutating func scan(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
        guard let length = try findEnd(bytes) else { return nil }
        searched = 0
        fields.removeAll(keepingCapacity: true)
        let startEnd = try endOfLine(bytes, from: 0)
        startLine = 0..<startEnd
        var position = startEnd + 2
        while position < length - 2 {
            let end = try endOfLine(bytes, from: position)
            var colon = position
            while colon < end, bytes[colon].isToken { colon += 1 }
            guard colon > position, colon < end, bytes[colon] == UInt8(ascii: ":") else { throw HeadFault.malformed }
            let value = bytes.trimmed(colon + 1..<end)
            for index in value where bytes[index] < 32 && bytes[index] != 9 || bytes[index] == 127 {
                throw HeadFault.malformed
            }
            guard fields.count < Self.mostFields else { throw HeadFault.tooLarge }
            fields.append(
                HeadField(
                    line: position..<end + 2, name: position..<colon, value: value,
                    kind: FieldKind(bytes[slice: position..<colon])))
            position = end + 2
        }
        return length
    }

    /// Looks only at bytes that it has not seen, so that a head sent byte by byte costs no more than one sent at once.
    private mutating func findEnd(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var position = max(0, searched - 3)
        while position < bytes.count, let found = memchr(base + position, 10, bytes.count - position) {
            let feed = UnsafeRawPointer(found) - base
            guard feed > 0, bytes[feed - 1] == 13 else { throw HeadFault.malformed }
            if feed >= 3, bytes[feed - 2] == 10 {
                guard feed + 1 <= Self.limit else { throw HeadFault.tooLarge }
                return feed + 1
            }
            position = feed + 1
        }
        searched = bytes.count
        guard bytes.count < Self.limit else { throw HeadFault.tooLarge }
        return nil
    }

    private func endOfLine(_ bytes: UnsafeRawBufferPointer, from start: Int) throws -> Int {
        guard let base = bytes.baseAddress, let found = memchr(base + start, 10, bytes.count - start) else {
            throw HeadFault.malformed
        }
        return UnsafeRawPointer(found) - base - 1
    }
}

extension UInt8 {
    /// A character of a `token` (RFC 9110, 5.6.2).
    var isToken: Bool {
        if self < 64 { return (0x03ff_6cfa_0000_0000 as UInt64) >> UInt64(self) & 1 == 1 }
        if self < 128 { return (0x57ff_ffff_c7ff_fffe as UInt64) >> UInt64(self - 64) & 1 == 1 }
        return false
    }

    var isDigit: Bool { self &- 48 < 10 }

    /// A character of a host's name.
    var isHostName: Bool {
        switch self {
        case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    var hexValue: UInt8? {
        switch self {
        case 48...57: self - 48
        case 65...70: self - 55
        case 97...102: self - 87
        default: nil
        }
    }
}
