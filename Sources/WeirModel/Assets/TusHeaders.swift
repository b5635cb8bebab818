import Foundation

/// The headers of the tus 1.0 protocol, read from text (DAT-04, DAT-07).
public enum TusHeaders {
    public static let version = "1.0.0"
    public static let extensions = "creation,creation-with-upload,checksum,termination"
    public static let checksumAlgorithms = "sha1,sha256"
    /// Of the whole `Upload-Metadata` header.
    public static let metadataLimit = 4096

    /// `Upload-Length`: the size of the whole file. Throws `missing_field` or `malformed`.
    public static func length(_ text: String?) throws(WeirError) -> Bytes { try size(text, "Upload-Length") }

    /// `Upload-Offset`: where the part begins.
    public static func offset(_ text: String?) throws(WeirError) -> Bytes { try size(text, "Upload-Offset") }

    private static func size(_ text: String?, _ field: String) throws(WeirError) -> Bytes {
        guard let text else { throw .missing(field) }
        guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            let value = Int64(text)
        else { throw .malformed(field, "a number of bytes") }
        return Bytes(value)
    }

    /// `Upload-Metadata`: `key base64, key base64`; a key may stand without a value.
    public static func metadata(_ text: String?) throws(WeirError) -> [String: String] {
        guard let text, !text.isEmpty else { return [:] }
        let expected = "pairs of a key and a value in base 64, separated by commas"
        guard text.utf8.count <= metadataLimit else { throw .tooLong("Upload-Metadata", limit: metadataLimit) }
        var pairs: [String: String] = [:]
        for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: " ")
            guard (1...2).contains(parts.count), pairs[String(parts[0])] == nil else {
                throw .malformed("Upload-Metadata", expected)
            }
            guard parts.count == 2 else {
                pairs[String(parts[0])] = ""
                continue
            }
            guard let data = Data(base64Encoded: String(parts[1])), let value = String(bytes: data, encoding: .utf8)
            else { throw .malformed("Upload-Metadata", expected) }
            pairs[String(parts[0])] = value
        }
        return pairs
    }
}

/// What `Upload-Checksum` says of a part: the algorithm and the digest that its bytes must have.
public struct TusChecksum: Hashable, Sendable {
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha1, sha256

        public var digestLength: Int { self == .sha1 ? 20 : 32 }
    }

    public let algorithm: Algorithm
    public let digest: [UInt8]

    public init(_ algorithm: Algorithm, digest: [UInt8]) {
        self.algorithm = algorithm
        self.digest = digest
    }

    /// Nil when the header is absent. Throws `malformed` when it cannot be read or names another algorithm.
    public init?(header: String?) throws(WeirError) {
        guard let header else { return nil }
        let parts = header.split(separator: " ")
        guard parts.count == 2, let algorithm = Algorithm(rawValue: parts[0].lowercased()),
            let data = Data(base64Encoded: String(parts[1])), data.count == algorithm.digestLength
        else { throw .malformed("Upload-Checksum", "sha1 or sha256 and a digest in base 64") }
        self.init(algorithm, digest: Array(data))
    }
}

extension WeirError {
    /// The HTTP answer is 409; the client asks for the offset and goes on there.
    public static func uploadOffsetMismatch(wanted: Bytes) -> WeirError {
        WeirError(
            "upload_offset_mismatch", .conflict, subject: "Upload-Offset", rule: "DAT-07",
            LocalizedText(
                "The next part begins at byte \(wanted.count).", zh: "下一分片应从第 \(wanted.count) 字节开始。"),
            remedy: LocalizedText("Ask for the offset and go on there.", zh: "请查询偏移量后继续上传。"))
    }

    /// The HTTP answer is 460 by the protocol; the part was discarded.
    public static func uploadChecksumMismatch() -> WeirError {
        WeirError(
            "upload_checksum_mismatch", .invalid, subject: "Upload-Checksum", rule: "DAT-35",
            LocalizedText(
                "The part arrived damaged and was discarded.", zh: "分片在传输中损坏，已丢弃。"),
            remedy: LocalizedText("Send the part again.", zh: "请重新发送该分片。"))
    }

    public static func uploadTooLong(length: Bytes) -> WeirError {
        WeirError(
            "upload_too_long", .tooLarge, subject: "Upload-Length", rule: "DAT-35",
            LocalizedText(
                "More bytes arrived than the \(length.count) that were announced.",
                zh: "收到的数据超过声明的 \(length.count) 字节。"))
    }

    /// The HTTP answer is 423.
    public static func uploadBusy() -> WeirError {
        WeirError(
            "upload_busy", .locked, subject: "upload",
            LocalizedText(
                "Another request is writing to this upload.", zh: "该上传正由另一个请求写入。"),
            remedy: LocalizedText("Wait a moment and go on.", zh: "请稍候再继续。"))
    }

    public static func uploadIncomplete(missing: Bytes) -> WeirError {
        WeirError(
            "upload_incomplete", .conflict, subject: "upload", rule: "DAT-35",
            LocalizedText("\(missing.count) bytes have not arrived yet.", zh: "还有 \(missing.count) 字节尚未上传。"),
            remedy: LocalizedText("Resume the upload first.", zh: "请先续传。"))
    }
}
