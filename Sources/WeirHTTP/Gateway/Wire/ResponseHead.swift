/// What the gateway has to know of an answer, read from its head.
struct ResponseHead {
    let status: Int
    /// The status code and the reason: `200 OK`.
    let statusText: Range<Int>
    /// The backend keeps the connection open.
    let keepAlive: Bool
    let body: BodyLength
    let listsFields: Bool

    init(_ bytes: UnsafeRawBufferPointer, _ scanner: HeadScanner, toHead: Bool) throws {
        let line = scanner.startLine
        guard line.count >= 12, bytes[slice: line.lowerBound..<line.lowerBound + 7].equalsLowercase("http/1."),
            bytes[line.lowerBound + 8] == 32
        else { throw HeadFault.malformed }
        let isHTTP11 = bytes[line.lowerBound + 7] == UInt8(ascii: "1")
        let code = line.lowerBound + 9
        guard let status = bytes.decimal(code..<code + 3), (100...599).contains(status),
            line.count == 12 || bytes[code + 3] == 32
        else { throw HeadFault.malformed }
        for index in code..<line.upperBound where bytes[index] < 32 && bytes[index] != 9 { throw HeadFault.malformed }
        var length: Int64?
        var chunked = false
        var keepAlive = isHTTP11
        var listsFields = false
        for field in scanner.fields {
            switch field.kind {
            case .contentLength:
                guard let value = bytes.decimal(field.value), length == nil || length == value else {
                    throw HeadFault.ambiguousBody
                }
                length = value
            case .transferEncoding:
                guard !chunked, bytes[slice: field.value].equalsLowercase("chunked") else {
                    throw HeadFault.transferCoding
                }
                chunked = true
            case .connection:
                bytes.forEachElement(in: field.value) { element in
                    let option = bytes[slice: element]
                    if option.equalsLowercase("close") {
                        keepAlive = false
                    } else if option.equalsLowercase("keep-alive") {
                        keepAlive = true
                    } else if !option.equalsLowercase("upgrade") {
                        listsFields = true
                    }
                }
            default: break
            }
        }
        self.status = Int(status)
        statusText = code..<line.upperBound
        self.listsFields = listsFields
        if toHead || status < 200 || status == 204 || status == 304 {
            body = .none
        } else if chunked {
            body = .chunked
            // Chunks win over a length (RFC 9112, 6.3), but such a backend is not trusted with another request.
            if length != nil { keepAlive = false }
        } else if let length {
            body = length == 0 ? .none : .known(length)
        } else {
            body = .untilClose
        }
        self.keepAlive = keepAlive && body != .untilClose
    }
}
