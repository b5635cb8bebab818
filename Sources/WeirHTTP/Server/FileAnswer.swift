import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform

/// Files and folders as answers, read from the disk only as fast as the receiver takes them.
extension Call {
    /// The file, or the one range of it that was asked for. A client that goes on with another content than it began
    /// with gets the whole (`If-Range`).
    func answer(file: StoredFile) throws -> Response {
        let size = file.size.count
        let tag = "\"\(file.tag)\""
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .acceptRanges: "bytes", .eTag: tag, .cacheControl: "private, no-cache",
            .contentDisposition: Self.attachment(file.name),
        ]
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
        let isSame = request.headers[.ifRange].map { $0 == tag } ?? true
        var range = 0..<size
        var status = HTTPResponse.Status.ok
        if isSame, let asked = try ByteRange(header: request.headers[.range])?.range(in: size) {
            range = asked
            status = .partialContent
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        }
        let part = range
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: part.count) { writer in
                var sent = 0
                for try await piece in file.bytes(part) {
                    sent += piece.readableBytes
                    try await writer.write(piece)
                }
                // The length has been announced: only a broken connection can tell that the file has shrunk.
                guard sent == part.count else { throw WeirError.interrupted() }
                try await writer.finish(nil)
            })
    }

    func answer(archive: FolderArchive, name: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/x-tar", .contentDisposition: Self.attachment(name + ".tar")],
            body: ResponseBody(asyncSequence: archive))
    }

    /// A name that cannot break out of its header (RFC 6266).
    static func attachment(_ name: String) -> String {
        let encoded = name.utf8.map { byte -> String in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || byte == 45 || byte == 46 || byte == 95
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return "attachment; filename*=UTF-8''" + encoded.joined()
    }
}

/// `Range: bytes=…` with one range. Several at once are answered by the whole, as the protocol allows.
struct ByteRange: Hashable {
    /// Nil counts `end` from the end of the file.
    let start: Int64?
    /// The last byte, included; nil reads on to the end.
    let end: Int64?

    init?(header: String?) {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return nil }
        let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let numbers = parts.map { $0.drop { $0 == " " } }
        guard numbers.allSatisfy({ $0.isEmpty || Int64($0) != nil }), !(numbers[0].isEmpty && numbers[1].isEmpty) else {
            return nil
        }
        (start, end) = (Int64(numbers[0]), Int64(numbers[1]))
        if let start, let end, end < start { return nil }
    }

    /// Throws `range_not_satisfiable`.
    func range(in size: Int64) throws(WeirError) -> Range<Int64> {
        guard let start else {
            let count = min(end ?? 0, size)
            guard count > 0 else { throw .rangeNotSatisfiable(size) }
            return size - count..<size
        }
        guard start < size else { throw .rangeNotSatisfiable(size) }
        return start..<min((end ?? size - 1) + 1, size)
    }
}

extension WeirError {
    static func rangeNotSatisfiable(_ size: Int64) -> WeirError {
        WeirError(
            "range_not_satisfiable", .invalid, subject: "Range",
            LocalizedText("The file has \(size) bytes.", zh: "文件共 \(size) 字节。"))
    }
}

extension HTTPField.Name {
    static let contentDisposition = HTTPField.Name("Content-Disposition")!
}
