import WeirModel

/// What the gateway has to know of a request, read from its head.
struct RequestHead {
    var method = 0..<0
    /// From the first `/` of the path to the end of the query.
    var target = 0..<0
    var path = 0..<0
    var isHTTP11 = true
    var isHead = false
    /// Sending it twice does no more than sending it once (RFC 9110, 9.2.2).
    var isIdempotent = false
    var keepAlive = true
    var wantsWebSocket = false
    var body = BodyLength.none
    var host: Range<Int>?
    var cookie: Range<Int>?
    var style = PageStyle()
    /// A browser that opens a page says so.
    var acceptsHTML = false
    /// `Connection` named fields to be taken off besides the usual ones.
    var listsFields = false

    init(_ bytes: UnsafeRawBufferPointer, _ scanner: HeadScanner) throws {
        try readStartLine(bytes, scanner.startLine)
        var length: Int64?
        var chunked = false
        var connectionUpgrade = false
        var upgradeWebSocket = false
        var acceptsJSON = false
        keepAlive = isHTTP11
        for field in scanner.fields {
            switch field.kind {
            case .host:
                guard host == nil, bytes.isHost(field.value) else { throw HeadFault.host }
                host = field.value
            case .contentLength:
                guard length == nil, let value = bytes.decimal(field.value) else { throw HeadFault.ambiguousBody }
                length = value
            case .transferEncoding:
                guard !chunked else { throw HeadFault.ambiguousBody }
                guard bytes[slice: field.value].equalsLowercase("chunked") else { throw HeadFault.transferCoding }
                chunked = true
            case .connection:
                bytes.forEachElement(in: field.value) { element in
                    let option = bytes[slice: element]
                    if option.equalsLowercase("close") {
                        keepAlive = false
                    } else if option.equalsLowercase("upgrade") {
                        connectionUpgrade = true
                    } else if !option.equalsLowercase("keep-alive") {
                        listsFields = true
                    }
                }
            case .upgrade: upgradeWebSocket = bytes[slice: field.value].equalsLowercase("websocket")
            case .expect:
                guard bytes[slice: field.value].equalsLowercase("100-continue") else { throw HeadFault.expectation }
            case .cookie: cookie = field.value
            case .accept:
                acceptsJSON = bytes.contains("application/json", in: field.value)
                acceptsHTML = bytes.contains("text/html", in: field.value)
            case .acceptLanguage:
                if bytes.contains("zh", in: field.value) {
                    style.language = Language(accepting: bytes.text(field.value))
                }
            default: break
            }
        }
        // A request with both can be read in two ways, and a chunked body is unknown to HTTP/1.0.
        guard !(chunked && length != nil), !chunked || isHTTP11 else { throw HeadFault.ambiguousBody }
        guard host != nil || !isHTTP11 else { throw HeadFault.host }
        body = chunked ? .chunked : length.map { $0 == 0 ? .none : .known($0) } ?? .none
        wantsWebSocket = connectionUpgrade && upgradeWebSocket && isHTTP11 && body == .none
        style.json = acceptsJSON && !acceptsHTML
    }

    private mutating func readStartLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws {
        var end = line.lowerBound
        while end < line.upperBound, bytes[end].isToken { end += 1 }
        guard end > line.lowerBound, end < line.upperBound, bytes[end] == 32 else { throw HeadFault.malformed }
        method = line.lowerBound..<end
        var start = end + 1
        end = start
        while end < line.upperBound, bytes[end] > 32, bytes[end] != 127 { end += 1 }
        guard end > start, line.upperBound - end == 9, bytes[end] == 32 else { throw HeadFault.malformed }
        let version = bytes[slice: end + 1..<line.upperBound]
        if version.equalsLowercase("http/1.1") {
        } else if version.equalsLowercase("http/1.0") {
            isHTTP11 = false
        } else {
            throw HeadFault.version
        }
        if bytes[start] != UInt8(ascii: "/") {
            // The absolute form: the path is what follows the authority.
            guard end - start > 8,
                bytes[slice: start..<start + 7].equalsLowercase("http://")
                    || bytes[slice: start..<start + 8].equalsLowercase("https://")
            else { throw HeadFault.malformed }
            start += 8
            while start < end, bytes[start] != UInt8(ascii: "/") { start += 1 }
            guard start < end else { throw HeadFault.malformed }
        }
        target = start..<end
        var query = start
        while query < end, bytes[query] != UInt8(ascii: "?") {
            guard bytes[query] != UInt8(ascii: "#") else { throw HeadFault.malformed }
            query += 1
        }
        path = start..<query
        let name = bytes[slice: method]
        isHead = name.equalsLowercase("head")
        guard !name.equalsLowercase("connect") else { throw HeadFault.malformed }
        isIdempotent =
            isHead || name.equalsLowercase("get") || name.equalsLowercase("options")
            || name.equalsLowercase("put") || name.equalsLowercase("delete")
    }
}

extension UnsafeRawBufferPointer {
    /// Whether it reads as a name or an address with a port: nothing that a backend could take for a part of a path, a user or a second host.
    func isHost(_ range: Range<Int>) -> Bool {
        guard let first = range.first else { return false }
        var rest = range
        if self[first] == UInt8(ascii: "[") {
            // An IPv6 address.
            guard let end = self[range].firstIndex(of: UInt8(ascii: "]")) else { return false }
            let isAddress = self[(first + 1)..<end].allSatisfy { $0.hexValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
            guard end > first + 1, isAddress else { return false }
            rest = (end + 1)..<range.upperBound
        } else {
            let end = self[range].firstIndex(of: UInt8(ascii: ":")) ?? range.upperBound
            guard end > first, self[first..<end].allSatisfy(\.isHostName) else { return false }
            rest = end..<range.upperBound
        }
        // Nothing, or a port.
        guard let colon = rest.first else { return true }
        return self[colon] == UInt8(ascii: ":") && rest.count > 1 && self[(colon + 1)..<rest.upperBound].allSatisfy(\.isDigit)
    }

    func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }

    /// Digits only, at most 18 of them: no sign, no space, no list.
    func decimal(_ range: Range<Int>) -> Int64? {
        guard (1...18).contains(range.count) else { return nil }
        var value: Int64 = 0
        for index in range {
            guard self[index].isDigit else { return nil }
            value = value * 10 + Int64(self[index] - 48)
        }
        return value
    }

    func contains(_ text: StaticString, in range: Range<Int>) -> Bool {
        let length = text.utf8CodeUnitCount
        guard range.count >= length else { return false }
        for start in range.lowerBound...(range.upperBound - length)
        where self[slice: start..<start + length].equalsLowercase(text) { return true }
        return false
    }
}
