/// Where a file stands below a folder of Weir: components of at most 255 bytes, none of them "." or "..", at most 64 deep
/// (X20). The empty path is the folder itself.
///
/// A component is the text of a name (`FileNameText`): whatever a program called its file, there is a path to it. Two that differ by
/// Unicode's normal forms alone are two.
public struct FilePath: Hashable, Sendable, CustomStringConvertible {
    public static let componentLimit = 255
    public static let depthLimit = 64
    /// A path and its mount point in a container together stay below the kernel's 4,096 bytes.
    public static let lengthLimit = 3_072

    public static let root = FilePath(trusted: [])
    public let components: [String]

    /// Reads `a/b/c`; "" is the folder itself. Throws `path_leaves_folder`, `bad_file_name` or `path_too_deep`.
    public init(_ text: String) throws(WeirError) {
        // A byte that is no text is written as four.
        guard text.utf8.count <= 4 * Self.lengthLimit else { throw .pathTooDeep(text) }
        guard text.utf8.first != UInt8(ascii: "/") else { throw .pathLeaves(text) }
        var components: [String] = []
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if !text.isEmpty {
            for (position, part) in parts.enumerated() {
                if part.isEmpty, position == parts.count - 1 { break }
                let component = String(decoding: part, as: UTF8.self)
                guard component != ".." else { throw .pathLeaves(text) }
                components.append(try Self.checked(component: component))
            }
        }
        let length = components.reduce(-1) { $0 + 1 + FileNameText.bytes(of: $1).count }
        guard components.count <= Self.depthLimit, length <= Self.lengthLimit else { throw .pathTooDeep(text) }
        self.components = components
    }

    private init(trusted components: [String]) { self.components = components }

    public var isRoot: Bool { components.isEmpty }
    public var text: String { components.joined(separator: "/") }
    /// As the file system has it.
    public var bytes: [UInt8] { Array(components.map { FileNameText.bytes(of: $0) }.joined(separator: [UInt8(ascii: "/")])) }
    public var name: String? { components.last }
    public var parent: FilePath { FilePath(trusted: components.dropLast()) }
    public var description: String { text }

    public func appending(_ name: FileName) throws(WeirError) -> FilePath { try appending(component: name.text) }

    /// A component as it may stand in an archive or arrive by SFTP: up to 255 bytes (X20).
    public func appending(component: String) throws(WeirError) -> FilePath {
        try FilePath(isRoot ? component : text + "/" + component)
    }

    public func appending(_ other: FilePath) throws(WeirError) -> FilePath {
        guard !other.isRoot else { return self }
        return try isRoot ? other : FilePath(text + "/" + other.text)
    }

    /// Whether `other` is this path or stands below it.
    public func contains(_ other: FilePath) -> Bool { other.components.starts(with: components) { $0.utf8.elementsEqual($1.utf8) } }

    public static func == (a: Self, b: Self) -> Bool {
        a.components.elementsEqual(b.components) { $0.utf8.elementsEqual($1.utf8) }
    }

    public func hash(into hasher: inout Hasher) {
        for component in components {
            for byte in component.utf8 { hasher.combine(byte) }
            hasher.combine(UInt8(ascii: "/"))
        }
    }

    /// As names are written.
    static func checked(component: String) throws(WeirError) -> String {
        try check(component: component)
        return FileNameText.text(of: FileNameText.bytes(of: component))
    }

    static func check(component: String) throws(WeirError) {
        let bytes = FileNameText.bytes(of: component)
        guard !component.isEmpty, component != ".", component != ".." else {
            throw .badFileName(component, "a name", zh: "有效名称", rule: "X20")
        }
        guard bytes.count <= componentLimit else {
            throw .badFileName(component, "at most \(componentLimit) bytes", zh: "不超过 \(componentLimit) 字节", rule: "X20")
        }
        guard !component.unicodeScalars.contains(where: { $0.value < 32 || (127..<160).contains($0.value) }) else {
            throw .badFileName(component, "no control characters", zh: "不含控制字符", rule: "X20")
        }
        guard !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")) else {
            throw .badFileName(component, "a name without NUL and \"/\"", zh: "不含 NUL 和“/”", rule: "X20")
        }
    }

    /// Whether a symbolic link at `components` with this target stays below the folder, read without following other links.
    public static func stays(linkAt components: [String], target: String) -> Bool {
        guard target.utf8.first != UInt8(ascii: "/"), !target.isEmpty else { return false }
        var depth = components.count - 1
        for part in target.utf8.split(separator: UInt8(ascii: "/")) {
            switch String(decoding: part, as: UTF8.self) {
            case ".": continue
            case "..": depth -= 1
            default: depth += 1
            }
            if depth < 0 { return false }
        }
        return true
    }
}

extension WeirError {
    public static func pathLeaves(_ path: String) -> WeirError {
        WeirError(
            "path_leaves_folder", .invalid, subject: "path", rule: "X20",
            LocalizedText(
                "\"\(path.shortened)\" leads out of the folder.", zh: "“\(path.shortened)”指向文件夹之外。"),
            remedy: LocalizedText("Use a relative path without \"..\".", zh: "请使用不含“..”的相对路径。"))
    }

    public static func pathTooDeep(_ path: String) -> WeirError {
        WeirError(
            "path_too_deep", .invalid, subject: "path", rule: "X20",
            LocalizedText(
                "\"\(path.shortened)\" is deeper than \(FilePath.depthLimit) folders or longer than \(FilePath.lengthLimit) bytes.",
                zh: "“\(path.shortened)”超过 \(FilePath.depthLimit) 层目录或 \(FilePath.lengthLimit) 字节。"))
    }

    /// A symbolic link in what a person uploads must not lead out of it.
    public static func linkLeaves(_ path: String) -> WeirError {
        WeirError(
            "link_leaves_folder", .invalid, subject: "path", rule: "X20",
            LocalizedText(
                "\"\(path.shortened)\" is a link that leads out of the folder.",
                zh: "“\(path.shortened)”是指向文件夹之外的链接。"),
            remedy: LocalizedText("Put a copy of the file in its place.", zh: "请用文件副本代替该链接。"))
    }

    /// On the way to a file stands a symbolic link; Weir itself never follows one.
    public static func linkInPath(_ path: String) -> WeirError {
        WeirError(
            "link_in_path", .invalid, subject: "path", rule: "X20",
            LocalizedText(
                "\"\(path.shortened)\" is reached through a link, and links are not followed here.",
                zh: "“\(path.shortened)”需经由链接访问，此处不跟随链接。"),
            remedy: LocalizedText("Name the file by its own path.", zh: "请使用文件自身的路径。"))
    }

    public static func specialFile(_ path: String) -> WeirError {
        WeirError(
            "special_file", .invalid, subject: "path", rule: "X20",
            LocalizedText(
                "\"\(path.shortened)\" is neither a plain file, a folder nor a link, or carries setuid rights.",
                zh: "“\(path.shortened)”不是普通文件、文件夹或链接，或带有 setuid 权限。"),
            remedy: LocalizedText("Remove it and try again.", zh: "请移除后重试。"))
    }

    public static func pathTaken(_ path: String) -> WeirError {
        WeirError(
            "path_taken", .conflict, subject: "path", rule: "DAT-05",
            LocalizedText("\"\(path.shortened)\" exists already.", zh: "“\(path.shortened)”已存在。"),
            remedy: LocalizedText("Choose another name, or delete it first.", zh: "请换一个名称或先将其删除。"))
    }
}
