import NIOCore
import WeirPlatform

/// What the request says to the backend that the client did not say.
struct UpstreamRules {
    /// How many bytes of the path belong to the gateway: the prefix without its last slash.
    var strippedPrefix = 0
    /// The prefix that was taken off, for a tool that wants to know it.
    var prefix: String?
    var authorization: String?
}

/// Writes the head that goes to the backend: the client's fields, without those between neighbours, without the
/// platform's own cookies, and with the gateway's word on who the client is.
struct RequestRewriter {
    let bytes: UnsafeRawBufferPointer
    let head: RequestHead
    let scanner: HeadScanner
    let rules: UpstreamRules

    func write(into out: inout ByteBuffer, forwarded: ByteBuffer) {
        out.writeBytes(bytes[slice: head.method])
        out.writeStaticString(" ")
        let target = head.target.dropFirst(rules.strippedPrefix)
        out.writeBytes(bytes[slice: target])
        out.writeStaticString(head.isHTTP11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n")
        let listed = head.listsFields ? Self.listedFields(bytes, scanner) : []
        // Lines that go through unchanged are copied in runs.
        var run = scanner.startLine.upperBound + 2..<scanner.startLine.upperBound + 2
        for field in scanner.fields {
            if keeps(field, listed) {
                run = run.lowerBound..<field.line.upperBound
            } else {
                out.writeBytes(bytes[slice: run])
                run = field.line.upperBound..<field.line.upperBound
                if field.kind == .cookie { writeCookies(of: field, into: &out) }
            }
        }
        out.writeBytes(bytes[slice: run])
        if head.body == .chunked { out.writeStaticString("Transfer-Encoding: chunked\r\n") }
        if head.wantsWebSocket { out.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
        if !head.isHTTP11 { out.writeStaticString("Connection: close\r\n") }
        out.writeImmutableBuffer(forwarded)
        if let host = head.host {
            out.writeStaticString("X-Forwarded-Host: ")
            out.writeBytes(bytes[slice: host])
            out.writeStaticString("\r\n")
        }
        if let prefix = rules.prefix { out.writeString("X-Forwarded-Prefix: \(prefix)\r\n") }
        if let authorization = rules.authorization { out.writeString("Authorization: \(authorization)\r\n") }
        out.writeStaticString("\r\n")
    }

    private func keeps(_ field: HeadField, _ listed: [Range<Int>]) -> Bool {
        switch field.kind {
        case .host, .contentLength: true
        case .transferEncoding, .connection, .upgrade, .hopByHop, .forwarded: false
        case .expect: head.isHTTP11
        case .authorization: rules.authorization == nil
        case .cookie: !bytes.contains("weir_", in: field.value)
        default: !listed.contains { bytes[slice: $0].equalsIgnoringCase(bytes[slice: field.name]) }
        }
    }

    private func writeCookies(of field: HeadField, into out: inout ByteBuffer) {
        let kept = bytes.text(field.value).split(separator: ";").map { $0.trimmingPrefix { $0 == " " } }
            .filter { !ToolCookie.isReserved($0) }
        if !kept.isEmpty { out.writeString("Cookie: \(kept.joined(separator: "; "))\r\n") }
    }

    /// The names of fields that `Connection` takes off, besides those that are always taken off.
    static func listedFields(_ bytes: UnsafeRawBufferPointer, _ scanner: HeadScanner) -> [Range<Int>] {
        var listed: [Range<Int>] = []
        for field in scanner.fields where field.kind == .connection {
            bytes.forEachElement(in: field.value) { if listed.count < 16 { listed.append($0) } }
        }
        return listed
    }
}
