import Mustache

/// HTML as swift-mustache escapes it. That goes by characters, which took a tenth of a page's time; most texts have nothing to escape.
struct Escaping: MustacheContentType {
    /// What a template begins with to be escaped so; a part and a block begin anew with the library's own.
    static let pragma: String = {
        MustacheContentTypes.register(Escaping(), named: "PAGE")
        return "{{% CONTENT_TYPE:PAGE}}"
    }()

    func escapeText(_ text: String) -> String {
        guard text.utf8.contains(where: { Self.replacement(of: $0) != nil }) else { return text }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + 32)
        for byte in text.utf8 {
            if let replacement = Self.replacement(of: byte) { escaped += replacement.utf8 } else { escaped.append(byte) }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    private static func replacement(of byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}
