import Foundation
import WeirFiles
import WeirModel

/// A file of this machine on its way to the server.
struct LocalFile: Sendable, Equatable {
    /// Where it lies here.
    let path: LocalPath
    /// The path to which it goes, relative, with "/" between the names as they are written.
    let target: String
    let size: Int64
    let changedAt: Date
}

/// What is found under the paths that a person named.
struct LocalTree: Sendable {
    var files: [LocalFile] = []
    /// Links, sockets and the like, which are not sent.
    var skipped: [String] = []

    /// Files go under their own name; of a folder, its content goes in, not the folder itself.
    ///
    /// - Parameters:
    ///   - into: a folder of the target, empty for its top.
    ///   - exclude: names that are left out at any depth.
    init(_ paths: [String], into: String = "", exclude: Set<String> = []) throws(WeirError) {
        let prefix = into.split(separator: "/").map { $0 + "/" }.joined()
        for text in paths {
            let path = LocalPath(text)
            guard let status = path.status(followingLinks: true) else { throw .unreadableFile(text) }
            switch status.kind {
            case .folder: try walk(path, prefix: prefix, exclude: exclude)
            case .file: try add(path, target: prefix + path.name, status)
            case .other: throw .unreadableFile(text)
            }
        }
        files.sort { $0.target < $1.target }
    }

    /// Names are looked at before the first byte goes: nothing is sent where one is too long for this way, unless such files are to be left
    /// out. Throws `names_too_long`.
    mutating func checkNames(leavingOut: Bool, _ output: Output) throws(WeirError) {
        let bad = files.filter { file in
            (try? FilePath(file.target)) == nil || !file.target.split(separator: "/").allSatisfy { (try? FileName(String($0))) != nil }
        }
        guard !bad.isEmpty else { return }
        for file in bad {
            output.note(leavingOut ? "Left out for its name: \(file.path.text)" : "Cannot be sent by that name: \(file.path.text)")
        }
        guard leavingOut else { throw .namesTooLong(bad.map(\.target)) }
        let targets = Set(bad.map(\.target))
        files.removeAll { targets.contains($0.target) }
    }

    var size: Int64 { files.reduce(0) { $0 + $1.size } }

    private mutating func walk(_ folder: LocalPath, prefix: String, exclude: Set<String>) throws(WeirError) {
        var waiting = [(folder: folder, prefix: prefix)]
        while let next = waiting.popLast() {
            guard let names = next.folder.names() else { throw .unreadableFile(next.folder.text) }
            for name in names where !exclude.contains(name) {
                let path = next.folder.appending(name)
                guard let status = path.status(followingLinks: false) else { throw .unreadableFile(path.text) }
                switch status.kind {
                case .folder: waiting.append((path, next.prefix + name + "/"))
                case .file: try add(path, target: next.prefix + name, status)
                case .other: skipped.append(path.text)
                }
            }
        }
    }

    private mutating func add(_ path: LocalPath, target: String, _ status: LocalPath.Status) throws(WeirError) {
        guard path.isReadable else { throw .unreadableFile(path.text) }
        files.append(LocalFile(path: path, target: target, size: status.size, changedAt: status.changedAt))
    }
}

extension WeirError {
    /// The first of many, for a message that is read in one look.
    static func someOf(_ paths: [String]) -> String { paths.prefix(3).joined(separator: ", ") + (paths.count > 3 ? ", …" : "") }

    /// A thing that is no file cannot be sent, or fetched: whoever runs a script notices.
    static func leftOut(_ paths: [String]) -> WeirError {
        return WeirError(
            "left_out", .invalid, subject: "path", rule: "X20",
            LocalizedText(
                "\(paths.count) links, sockets or the like were left out: \(someOf(paths)). All else is there.",
                zh: "已跳过 \(paths.count) 个链接、套接字等非普通文件：\(someOf(paths))。其余已完成。"),
            remedy: LocalizedText(
                "Put copies of the files in their place, or leave them out by name.", zh: "请用文件副本代替，或按名称排除。"))
    }

    /// Some names cannot be sent one by one; whatever a tar or SFTP brings may have them.
    static func namesTooLong(_ paths: [String]) -> WeirError {
        return WeirError(
            "names_too_long", .invalid, subject: "path", rule: "DAT-02",
            LocalizedText(
                "\(paths.count) files have names of more than \(FileName.limit) characters or paths that are too deep; nothing was sent: \(someOf(paths)).",
                zh: "\(paths.count) 个文件的名称超过 \(FileName.limit) 个字符或路径过深，未上传任何文件：\(someOf(paths))。"),
            remedy: LocalizedText(
                "Send them by SFTP, or as a tar that is unpacked there, or leave them out with --skip-bad-names.",
                zh: "请通过 SFTP 上传，或打包为 tar 上传后解压，或使用 --skip-bad-names 跳过。"))
    }

    /// The same where a version was to be made of it: none is made of a draft in which something is missing.
    static func leftUnconfirmed(_ paths: [String]) -> WeirError {
        let error = leftOut(paths)
        return WeirError(
            error.code, error.category, subject: error.subject, rule: error.rule,
            LocalizedText("\(error.message.en) No version was made.", zh: "\(error.message.zh)未生成新版本。"), remedy: error.remedy)
    }
}
