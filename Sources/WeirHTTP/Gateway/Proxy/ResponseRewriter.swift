import NIOCore

/// What is kept of a backend's answer, by the door that it goes out at.
struct ResponseRules {
    /// The tool's own place on an origin that it shares with others; nil on an external port, which is the service's own.
    var confinedTo: String?
    /// The backend does not know of the prefix, so the paths that it names need it.
    var addsPrefix = false
}

/// Writes the head that goes to the client.
struct ResponseRewriter {
    let bytes: UnsafeRawBufferPointer
    let head: ResponseHead
    let scanner: HeadScanner
    let rules: ResponseRules
    /// Of the gateway's own, besides those of the backend.
    var cookie: String?

    /// - Parameter closes: the connection ends with this answer.
    func write(into out: inout ByteBuffer, closes: Bool) {
        out.writeStaticString("HTTP/1.1 ")
        out.writeBytes(bytes[slice: head.statusText])
        out.writeStaticString("\r\n")
        let listed = head.listsFields ? RequestRewriter.listedFields(bytes, scanner) : []
        var run = scanner.startLine.upperBound + 2..<scanner.startLine.upperBound + 2
        for field in scanner.fields {
            if keeps(field, listed) {
                run = run.lowerBound..<field.line.upperBound
            } else {
                out.writeBytes(bytes[slice: run])
                run = field.line.upperBound..<field.line.upperBound
                rewrite(field, into: &out)
            }
        }
        out.writeBytes(bytes[slice: run])
        if let cookie { out.writeString("Set-Cookie: \(cookie)\r\n") }
        if head.body == .chunked { out.writeStaticString("Transfer-Encoding: chunked\r\n") }
        if head.status == 101 {
            out.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\n")
        } else if closes {
            out.writeStaticString("Connection: close\r\n")
        }
        out.writeStaticString("\r\n")
    }

    private func keeps(_ field: HeadField, _ listed: [Range<Int>]) -> Bool {
        switch field.kind {
        case .transferEncoding, .connection, .upgrade, .hopByHop, .hostWide, .setCookie: false
        case .contentLength: head.body != .chunked && head.status >= 200 && head.status != 204
        case .location: !rules.addsPrefix
        default: !listed.contains { bytes[slice: $0].equalsIgnoringCase(bytes[slice: field.name]) }
        }
    }

    private func rewrite(_ field: HeadField, into out: inout ByteBuffer) {
        switch field.kind {
        case .setCookie:
            if let cookie = ToolCookie.confined(bytes.text(field.value), rules) {
                out.writeString("Set-Cookie: \(cookie)\r\n")
            }
        case .location:
            var location = bytes.text(field.value)
            if let prefix = rules.confinedTo, location.hasPrefix("/"), !location.hasPrefix("//"),
                !location.hasPrefix(prefix)
            {
                location = prefix + location.dropFirst()
            }
            out.writeString("Location: \(location)\r\n")
        default: break
        }
    }
}
