/// What a client of git asks the code of a project for: `git-upload-pack '/path'` to read, `git-receive-pack '/path'` to push.
public struct GitRequest: Hashable, Sendable {
    public enum Service: String, Sendable, CaseIterable {
        case read = "upload-pack"
        case push = "receive-pack"
    }

    public let service: Service
    /// Below the project's code; the root is the code itself.
    public let path: FilePath

    public init(_ service: Service, at path: FilePath) {
        self.service = service
        self.path = path
    }

    private static let longest = 8192

    /// What clients of git ask for beside that.
    private static let archive = ["git-upload-archive", "git upload-archive"]
    private static let largeFiles = ["git-lfs-authenticate", "git-lfs-transfer"]

    /// Nil when it is no command of git. Throws `git_archive_not_offered`, `git_lfs_not_offered`, `git_path_malformed` and what `FilePath`
    /// throws.
    ///
    /// A path that begins as in an environment, `/gemini/code/…`, is the same as one without that.
    public init?(command: String) throws(WeirError) {
        guard command.utf8.count <= Self.longest else { return nil }
        let found = Self.Service.allCases.lazy.compactMap { service -> (Service, Substring)? in
            for program in ["git-\(service.rawValue) ", "git \(service.rawValue) "] where command.hasPrefix(program) {
                return (service, command.dropFirst(program.utf8.count))
            }
            return nil
        }.first
        func asks(for programs: [String]) -> Bool { programs.contains { command == $0 || command.hasPrefix($0 + " ") } }
        if asks(for: Self.archive) { throw .gitArchiveNotOffered() }
        if asks(for: Self.largeFiles) { throw .gitLargeFilesNotOffered() }
        guard let (service, rest) = found else { return nil }
        guard let text = Self.word(rest.utf8) else { throw .gitPathMalformed() }
        var path = text.drop { $0 == "/" }
        let own = ContainerPaths.code.dropFirst()
        if path == own || path.hasPrefix(own + "/") { path = path.dropFirst(own.count).drop { $0 == "/" } }
        self.init(service, at: try FilePath(String(path)))
    }

    /// One word as a shell reads it, with the quotes that clients of git write and none of a shell's other signs.
    private static func word(_ bytes: Substring.UTF8View) -> String? {
        var word: [UInt8] = []
        var isQuoted = false
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "'"): isQuoted.toggle()
            case _ where isQuoted: word.append(byte)
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst(), next == UInt8(ascii: "'") || next == UInt8(ascii: "!") else { return nil }
                word.append(next)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                word.append(byte)
            default: return nil
            }
        }
        return isQuoted ? nil : String(validating: word, as: UTF8.self)
    }
}

extension WeirError {
    static func gitArchiveNotOffered() -> WeirError {
        WeirError(
            "git_archive_not_offered", .forbidden, subject: "git", rule: "SSH-09",
            LocalizedText("git archive --remote is not offered.", zh: "不支持 git archive --remote。"),
            remedy: LocalizedText("Clone with --depth 1 and archive that.", zh: "请使用 git clone --depth 1，再在本地执行 git archive。"))
    }

    static func gitLargeFilesNotOffered() -> WeirError {
        WeirError(
            "git_lfs_not_offered", .forbidden, subject: "git", rule: "SSH-09",
            LocalizedText("Git LFS is not offered.", zh: "不支持 Git LFS。"),
            remedy: LocalizedText(
                "Put large files into a dataset or model (weir ssh sftp), or into the code by SFTP.",
                zh: "请将大文件放入数据集或模型（weir ssh sftp），或通过 SFTP 放入代码目录。"))
    }

    static func gitPathMalformed() -> WeirError {
        WeirError(
            "git_path_malformed", .invalid, subject: "path", rule: "SSH-09",
            LocalizedText("This is no path of a repository.", zh: "仓库路径无效。"),
            remedy: LocalizedText("Take the address that `weir ssh git` shows.", zh: "请使用 `weir ssh git` 显示的地址。"))
    }

    /// Nothing that git knows stands at the path.
    public static func noRepository(_ path: FilePath, mayBePushed: Bool) -> WeirError {
        let place = path.isRoot ? ContainerPaths.code : ContainerPaths.code + "/" + path.text
        return WeirError(
            "no_repository", .notFound, subject: "path", rule: "SSH-09",
            LocalizedText("\(place) is no git repository.", zh: "\(place) 不是 Git 仓库。"),
            remedy: mayBePushed
                ? LocalizedText(
                    "It is empty: the first push to this address makes it one. Or bring one with: weir project code clone URL",
                    zh: "该目录为空：首次向此地址推送（git push）即会创建仓库；也可使用 weir project code clone URL 克隆。")
                : LocalizedText(
                    "Make it one in an environment, with: git init \(place)", zh: "请在开发环境中执行：git init \(place)"))
    }
}
