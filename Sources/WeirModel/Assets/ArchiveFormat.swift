/// The archives that can be unpacked on the platform (DAT-03, MOD-03), told by their name.
public enum ArchiveFormat: String, Sendable, CaseIterable {
    case tar, zip, rar
    case tarGzip = "tar.gz"

    /// Throws `not_an_archive` (DAT-03).
    public init(fileName: String) throws(WeirError) {
        let name = fileName.lowercased()
        let endings: [(String, ArchiveFormat)] = [
            (".tar.gz", .tarGzip), (".tgz", .tarGzip), (".tar", .tar), (".zip", .zip), (".rar", .rar),
        ]
        guard let (ending, format) = endings.first(where: { name.hasSuffix($0.0) }), name.utf8.count > ending.utf8.count
        else { throw .notAnArchive(fileName) }
        self = format
    }
}

/// How much may come out of one archive: beyond it, the archive is a bomb.
public struct UnpackLimits: Hashable, Sendable {
    public static let standard = UnpackLimits(size: .gib(512), files: 2_000_000, ratio: 200)

    public let size: Bytes
    /// Files, folders and links together.
    public let files: Int
    /// Bytes unpacked for each byte of the archive. An honest archive of text stays below 20.
    public let ratio: Int64
    /// Below this size the ratio does not matter: a small archive of zeros harms nobody.
    public let ratioFrom: Bytes

    public init(size: Bytes, files: Int, ratio: Int64, ratioFrom: Bytes = .mib(64)) {
        self.size = size
        self.files = files
        self.ratio = ratio
        self.ratioFrom = ratioFrom
    }

    /// The most bytes that an archive of this size may unpack to.
    public func most(from archive: Bytes) -> Bytes {
        let (product, overflow) = archive.count.multipliedReportingOverflow(by: ratio)
        return min(size, max(ratioFrom, overflow ? size : Bytes(product)))
    }

    /// Throws `archive_too_large`, `archive_too_many_files` or `archive_ratio`.
    public func check(size unpacked: Bytes, files count: Int, from archive: Bytes) throws(WeirError) {
        guard count <= files else { throw .archiveTooManyFiles(limit: files) }
        guard unpacked <= size else { throw .archiveTooLarge(limit: size) }
        guard unpacked <= most(from: archive) else { throw .archiveRatio(limit: ratio) }
    }
}

extension WeirError {
    public static func notAnArchive(_ name: String) -> WeirError {
        WeirError(
            "not_an_archive", .invalid, subject: "path", rule: "DAT-03",
            LocalizedText(
                "\"\(name.shortened)\" is not named like an archive: .tar, .zip, .tar.gz, .tgz or .rar.",
                zh: "“\(name.shortened)”不是支持的压缩包：.tar、.zip、.tar.gz、.tgz 或 .rar。"))
    }

    public static func archiveTooLarge(limit: Bytes) -> WeirError {
        bomb("archive_too_large", "more than \(limit)", zh: "超过 \(limit)")
    }

    public static func archiveTooManyFiles(limit: Int) -> WeirError {
        bomb("archive_too_many_files", "more than \(limit) files", zh: "超过 \(limit) 个文件")
    }

    public static func archiveRatio(limit: Int64) -> WeirError {
        bomb("archive_ratio", "more than \(limit) times its own size", zh: "超过自身大小的 \(limit) 倍")
    }

    private static func bomb(_ code: String, _ what: String, zh: String) -> WeirError {
        WeirError(
            code, .tooLarge, subject: "archive", rule: "DAT-03",
            LocalizedText(
                "The archive would unpack to \(what); nothing was unpacked.", zh: "压缩包解压后将\(zh)，未解压任何内容。"),
            remedy: LocalizedText("Split it into smaller archives.", zh: "请拆分为较小的压缩包。"))
    }

    /// `detail` is the unpacking program's own first line.
    public static func archiveDamaged(_ detail: String) -> WeirError {
        WeirError(
            "archive_damaged", .invalid, subject: "archive", rule: "DAT-03",
            LocalizedText(
                "The archive cannot be unpacked completely: \(detail.shortened). Nothing was unpacked.",
                zh: "压缩包无法完整解压：\(detail.shortened)。未解压任何内容。"),
            remedy: LocalizedText(
                "Upload it again, or pack the files as .zip or .tar.gz.", zh: "请重新上传，或改用 .zip、.tar.gz 打包。"))
    }

    public static func archiveEncrypted() -> WeirError {
        WeirError(
            "archive_encrypted", .invalid, subject: "archive", rule: "DAT-03",
            LocalizedText("The archive is encrypted; nothing was unpacked.", zh: "压缩包已加密，未解压任何内容。"),
            remedy: LocalizedText("Pack the files without a password.", zh: "请使用不加密的压缩包。"))
    }
}
