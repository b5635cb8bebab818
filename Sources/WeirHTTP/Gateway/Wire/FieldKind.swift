/// The header fields that a proxy has to treat in a way of their own; all others go through as they came.
enum FieldKind: UInt8 {
    case other
    case host, contentLength, transferEncoding, connection, upgrade, expect
    /// Between two neighbours only (RFC 9110, 7.6.1), besides `Connection` and `Upgrade`.
    case hopByHop
    /// Says who the client is: only the gateway may say it.
    case forwarded
    case cookie, authorization, accept, acceptLanguage
    case setCookie, location
    /// Reaches beyond the tool to the whole host, on which others live too.
    case hostWide

    init(_ name: UnsafeRawBufferPointer) {
        func `is`(_ text: StaticString) -> Bool { name.equalsLowercase(text) }
        var kind = FieldKind.other
        switch name.count {
        case 2: if `is`("te") { kind = .hopByHop }
        case 4: if `is`("host") { kind = .host }
        case 6:
            if `is`("cookie") {
                kind = .cookie
            } else if `is`("expect") {
                kind = .expect
            } else if `is`("accept") {
                kind = .accept
            }
        case 7:
            if `is`("upgrade") {
                kind = .upgrade
            } else if `is`("trailer") {
                kind = .hopByHop
            } else if `is`("alt-svc") {
                kind = .hostWide
            }
        case 8: if `is`("location") { kind = .location } else if `is`("x-scheme") { kind = .forwarded }
        case 9: if `is`("forwarded") || `is`("x-real-ip") { kind = .forwarded }
        case 10:
            if `is`("connection") {
                kind = .connection
            } else if `is`("keep-alive") {
                kind = .hopByHop
            } else if `is`("set-cookie") {
                kind = .setCookie
            }
        case 13: if `is`("authorization") { kind = .authorization }
        case 14: if `is`("content-length") { kind = .contentLength }
        case 15:
            if `is`("accept-language") {
                kind = .acceptLanguage
            } else if `is`("x-forwarded-for") {
                kind = .forwarded
            } else if `is`("clear-site-data") {
                kind = .hostWide
            }
        case 16:
            if `is`("x-forwarded-host") || `is`("x-forwarded-port") {
                kind = .forwarded
            } else if `is`("proxy-connection") {
                kind = .hopByHop
            }
        case 17:
            if `is`("transfer-encoding") {
                kind = .transferEncoding
            } else if `is`("x-forwarded-proto") {
                kind = .forwarded
            }
        case 18:
            if `is`("proxy-authenticate") {
                kind = .hopByHop
            } else if `is`("x-forwarded-prefix") || `is`("x-forwarded-scheme") {
                kind = .forwarded
            }
        case 19: if `is`("proxy-authorization") { kind = .hopByHop }
        case 22: if `is`("service-worker-allowed") { kind = .hostWide }
        case 25: if `is`("strict-transport-security") { kind = .hostWide }
        default: break
        }
        self = kind
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are this text, which is written in lower case, without regard to case.
    func equalsLowercase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for index in 0..<count {
            var byte = self[index]
            if byte &- 65 < 26 { byte |= 0x20 }
            if byte != other[index] { return false }
        }
        return true
    }

    /// The same comparison of two runs of bytes.
    func equalsIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count {
            var a = self[index]
            var b = other[index]
            if a &- 65 < 26 { a |= 0x20 }
            if b &- 65 < 26 { b |= 0x20 }
            if a != b { return false }
        }
        return true
    }

    subscript(slice range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    /// Each element of a comma-separated list, without the spaces around it.
    func forEachElement(in range: Range<Int>, _ body: (Range<Int>) -> Void) {
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            while end < range.upperBound, self[end] != UInt8(ascii: ",") { end += 1 }
            let element = trimmed(start..<end)
            if !element.isEmpty { body(element) }
            start = end + 1
        }
    }

    /// The range without spaces and tabs at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, self[low] == 32 || self[low] == 9 { low += 1 }
        while high > low, self[high - 1] == 32 || self[high - 1] == 9 { high -= 1 }
        return low..<high
    }
}
