import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel

/// Reads a `multipart/form-data` body part by part as it arrives; no more of it is held than one piece (DAT-04).
final class MultipartReader {
    static let headerLimit = 16_384

    /// One field of the form.
    struct Part {
        let name: String
        let fileName: String?
        let body: PartBody
    }

    /// The bytes of one part. They are gone once the next part is asked for.
    struct PartBody: AsyncSequence {
        let reader: MultipartReader

        func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

        struct Iterator: AsyncIteratorProtocol {
            let reader: MultipartReader

            mutating func next() async throws -> ByteBuffer? { try await reader.nextPiece() }
        }
    }

    private var source: RequestBody.AsyncIterator
    private var buffer: ByteBuffer
    /// Stands before each part and behind the last.
    private let delimiter: [UInt8]
    private var isOver = false

    init(_ request: Request) throws(WeirError) {
        guard let type = request.headers[.contentType], let boundary = Self.boundary(in: type) else {
            throw .unsupportedMediaType("multipart/form-data")
        }
        source = request.body.makeAsyncIterator()
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary has no line end before it.
        buffer = ByteBuffer(string: "\r\n")
    }

    static func boundary(in type: String) -> String? {
        let parts = type.split(separator: ";").map { $0.drop { $0 == " " } }
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        guard let parameter = parts.first(where: { $0.lowercased().hasPrefix("boundary=") }) else { return nil }
        var boundary = parameter.dropFirst("boundary=".count)
        if boundary.hasPrefix("\""), boundary.hasSuffix("\""), boundary.count >= 2 {
            boundary = boundary.dropFirst().dropLast()
        }
        return (1...70).contains(boundary.utf8.count) ? String(boundary) : nil
    }

    /// Nil behind the last part. What was not read of the part before is passed over.
    func nextPart() async throws -> Part? {
        if isOver { return nil }
        while try await nextPiece() != nil {}
        buffer.moveReaderIndex(forwardBy: delimiter.count)
        try await fill(to: 2)
        if buffer.readableBytesView.starts(with: "--".utf8) {
            isOver = true
            return nil
        }
        let headers = try await headers()
        guard let disposition = headers["content-disposition"], let name = Self.parameter("name", in: disposition) else {
            throw WeirError.badForm("a part without a name")
        }
        return Part(name: name, fileName: Self.parameter("filename", in: disposition), body: PartBody(reader: self))
    }

    /// Nil when the part is over; the delimiter then stands at the front.
    fileprivate func nextPiece() async throws -> ByteBuffer? {
        while true {
            switch scan() {
            case .delimiter(at: 0): return nil
            case .delimiter(let length), .content(let length): return buffer.readSlice(length: length)
            case .unknown: try await fill(to: buffer.readableBytes + 1)
            }
        }
    }

    private enum Scan {
        case delimiter(at: Int)
        /// This much is certainly no part of a delimiter.
        case content(Int)
        case unknown
    }

    private func scan() -> Scan {
        buffer.withUnsafeReadableBytes { bytes in
            var position = 0
            while position < bytes.count {
                guard let base = bytes.baseAddress, let end = memchr(base + position, 13, bytes.count - position) else {
                    return .content(bytes.count)
                }
                let found = UnsafeRawPointer(end) - base
                let length = min(delimiter.count, bytes.count - found)
                if bytes[found..<found + length].elementsEqual(delimiter.prefix(length)) {
                    if length == delimiter.count { return .delimiter(at: found) }
                    return found > 0 ? .content(found) : .unknown
                }
                position = found + 1
            }
            return bytes.isEmpty ? .unknown : .content(bytes.count)
        }
    }

    private func headers() async throws -> [String: String] {
        var headers: [String: String] = [:]
        var total = 0
        var isFirst = true
        while true {
            let line = try await line()
            total += line.utf8.count + 2
            guard total <= Self.headerLimit else { throw WeirError.badForm("headers that are too long") }
            // Behind the boundary the line may hold spaces.
            if isFirst {
                guard line.allSatisfy({ $0 == " " || $0 == "\t" }) else { throw WeirError.badForm("text behind a boundary") }
                isFirst = false
                continue
            }
            if line.isEmpty { return headers }
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { throw WeirError.badForm("a header without a colon") }
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
    }

    private func line() async throws -> String {
        while true {
            if let end = buffer.readableBytesView.firstIndex(of: 10) {
                let length = end - buffer.readerIndex
                let line = buffer.readString(length: length) ?? ""
                buffer.moveReaderIndex(forwardBy: 1)
                guard line.utf8.last == 13 else { throw WeirError.badForm("a header line that does not end in CRLF") }
                return String(decoding: line.utf8.dropLast(), as: UTF8.self)
            }
            guard buffer.readableBytes <= Self.headerLimit else { throw WeirError.badForm("headers that are too long") }
            try await fill(to: buffer.readableBytes + 1)
        }
    }

    private func fill(to count: Int) async throws {
        while buffer.readableBytes < count {
            guard let piece = try await source.next() else { throw WeirError.badForm("an end in the middle of a part") }
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(piece)
        }
    }

    /// `form-data; name="file"; filename="a \"b\".csv"`
    static func parameter(_ name: String, in header: String) -> String? {
        var rest = header[...]
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop { $0 == " " }
            guard rest.lowercased().hasPrefix(name + "=") else {
                rest = skipQuoted(rest)
                continue
            }
            rest = rest.dropFirst(name.count + 1)
            guard rest.first == "\"" else { return String(rest.prefix { $0 != ";" && $0 != " " }) }
            var value = ""
            var isEscaped = false
            for character in rest.dropFirst() {
                if isEscaped {
                    value.append(character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    return value
                } else {
                    value.append(character)
                }
            }
            return nil
        }
        return nil
    }

    /// A semicolon between quotes separates nothing.
    private static func skipQuoted(_ text: Substring) -> Substring {
        var isQuoted = false
        for index in text.indices {
            if text[index] == "\"" { isQuoted.toggle() }
            if text[index] == ";", !isQuoted { return text[index...] }
        }
        return ""
    }
}

extension WeirError {
    static func badForm(_ problem: String) -> WeirError {
        WeirError(
            "bad_form", .invalid, subject: "body", rule: "DAT-35",
            LocalizedText("The form has \(problem).", zh: "上传表单格式错误（\(problem)）。"),
            remedy: LocalizedText(
                "Try again, or use `weir dataset upload`, `weir model upload` or `weir project code upload`.",
                zh: "请重试，或使用 `weir dataset upload`、`weir model upload` 或 `weir project code upload`。"))
    }
}
