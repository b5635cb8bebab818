import Glibc
import Synchronization
import WeirModel

/// What must be at a path for a file to be written there.
public enum FileCondition: Hashable, Sendable {
    /// Nothing.
    case absent
    /// The file with this tag, as it was read.
    case tag(String)
}

/// One conditional write at a time looks at what is there and puts its file in that place: of two that began with the same content,
/// one is refused. It is held for a look and a renaming.
final class ConditionalWrites: Sendable {
    private let turn = Mutex(())

    func with<Result: Sendable>(_ body: () throws -> Result) throws -> Result { try turn.withLock { _ in try body() } }
}

extension FileStatus {
    /// Another content has another tag.
    var tag: String {
        let stamp = UInt64(truncatingIfNeeded: raw.st_mtim.tv_sec &* 1_000_000_000 &+ raw.st_mtim.tv_nsec)
        return [UInt64(raw.st_ino), UInt64(truncatingIfNeeded: size), stamp].map { String($0, radix: 36) }.joined(separator: "-")
    }
}

extension FileStore {
    /// What is at the path; throws `changed_meanwhile` when the condition does not hold.
    func require(_ condition: FileCondition, of path: FilePath, in folder: StoredFolder) throws -> FileStatus? {
        var found: FileStatus?
        if let name = path.name {
            do {
                found = try open(folder).folder(at: path.parent).status(EntryName(name))
            } catch let error as WeirError where error.code == "not_found" {
                // Neither is its folder.
            }
        }
        switch condition {
        case .absent: guard found == nil else { throw WeirError.changedMeanwhile(path.text) }
        case .tag(let tag): guard found?.tag == tag else { throw WeirError.changedMeanwhile(path.text) }
        }
        return found
    }
}

extension WeirError {
    static func changedMeanwhile(_ path: String) -> WeirError {
        WeirError(
            "changed_meanwhile", .conflict, subject: "path", rule: "PRJ-08",
            LocalizedText(
                "\"\(path)\" was changed since you opened it: by another person, or by a program in an environment.",
                zh: "“\(path)”在您打开后已被修改：可能是其他成员，或开发环境中的程序。"),
            remedy: LocalizedText("Compare the two, then overwrite it or begin with the one that is there.", zh: "请对比两份内容，然后选择覆盖或重新加载。"))
    }
}
