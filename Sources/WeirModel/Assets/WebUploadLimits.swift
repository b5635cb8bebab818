/// What one upload in the web may carry (DAT-04, MOD-04). Larger files go by the resumable protocol or SFTP (DAT-07).
public struct WebUploadLimits: Hashable, Sendable {
    public static let standard = WebUploadLimits(files: 50, size: .gib(2))

    public let files: Int
    public let size: Bytes

    public init(files: Int, size: Bytes) {
        self.files = files
        self.size = size
    }

    /// No form that carries so many files is longer: before each stand a boundary and its head.
    public var form: Bytes {
        let (part, isLong) = size.count.addingReportingOverflow(64 << 10)
        let (form, isBeyond) = part.multipliedReportingOverflow(by: Int64(files))
        return Bytes(isLong || isBeyond ? .max : form)
    }

    /// Throws `too_many_files` (DAT-04).
    public func check(files count: Int) throws(WeirError) {
        guard count <= files else { throw .tooManyFiles(limit: files) }
    }

    /// Throws `file_too_large` (DAT-04).
    public func check(size: Bytes, of name: String) throws(WeirError) {
        guard size <= self.size else { throw .fileTooLarge(name, limit: self.size) }
    }
}

/// The causes that an upload fails for are told apart: size, name, quota; the network's is the client's (DAT-35).
extension WeirError {
    public static func tooManyFiles(limit: Int) -> WeirError {
        WeirError(
            "too_many_files", .tooLarge, subject: "files", rule: "DAT-04",
            LocalizedText(
                "One upload carries at most \(limit) files.", zh: "单次上传最多 \(limit) 个文件。"),
            remedy: LocalizedText(
                "Upload in several turns, or upload one archive and unpack it.", zh: "请分批上传，或上传压缩包后在平台解压。"))
    }

    public static func fileTooLarge(_ name: String, limit: Bytes) -> WeirError {
        WeirError(
            "file_too_large", .tooLarge, subject: "file", rule: "DAT-04",
            LocalizedText(
                "\"\(name.shortened)\" is larger than \(limit).", zh: "“\(name.shortened)”超过 \(limit)。"),
            remedy: LocalizedText(
                "Use a resumable upload for large files: `weir dataset upload`, `weir model upload` or `weir project code upload`.",
                zh: "大文件请使用断点续传：`weir dataset upload`、`weir model upload` 或 `weir project code upload`。"))
    }

    /// Above what one resumable upload takes (DAT-07).
    public static func uploadTooLarge(_ name: String, limit: Bytes) -> WeirError {
        WeirError(
            "file_too_large", .tooLarge, subject: "file", rule: "DAT-07",
            LocalizedText(
                "\"\(name.shortened)\" is larger than \(limit).", zh: "“\(name.shortened)”超过 \(limit)。"),
            remedy: LocalizedText(
                "Upload it in parts under names of their own, or ask the operator to raise `limits.upload_size`.",
                zh: "请将文件拆分后分别上传，或请运营管理员调高 `limits.upload_size`。"))
    }

    public static func storageFull() -> WeirError {
        WeirError(
            "storage_full", .unavailable, subject: "storage", rule: "DAT-35",
            LocalizedText(
                "The storage is full, its quota is used up, or it holds as many files as it can; nothing was changed.",
                zh: "存储空间已满、配额用尽或文件数已达上限，未做任何更改。"),
            remedy: LocalizedText(
                "Delete old versions or ask the operator for more space.", zh: "请删除旧版本，或联系运营管理员扩容。"))
    }
}
