import Foundation
import WeirModel

/// The folder with everything that Weir keeps, held by one process at a time.
struct DataFolder {
    let path: String
    private let lock: Int32

    /// Makes the folder when it is absent. Others of the machine see no name in it; containers pass through it to their own root layer, and
    /// what tenants keep lies in a folder that is root's alone. Throws `data_in_use` while another Weir runs on it.
    init(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        // As the kernel lists what is mounted below it.
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        self.path = path
        guard chmod(path, 0o711) == 0 else { throw WeirError.dataInUse(path) }
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw WeirError.dataInUse(path) }
        // Made before SQLite would make it for everybody to read; its journals take over the mode.
        close(open(database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    }

    var database: String { path + "/weir.sqlite" }
    var files: String { path + "/files" }
    var scratch: String { path + "/scratch" }
    /// The file systems of workspaces and people, each in a file.
    var volumes: String { path + "/volumes" }
    /// The host keys of the SSH gateway, and OpenSSH's programs as environments see them.
    var ssh: String { path + "/ssh" }
    var sshTools: String { path + "/tools" }
    /// The profile that login shells of environments read, where SSH is off.
    var profile: String { path + "/profile" }
    /// Readable by the operator of the machine alone; worth nothing once the password has been changed.
    var oneTimePassword: String { path + "/operator-one-time-password" }
}

extension WeirError {
    static func dataInUse(_ path: String) -> WeirError {
        WeirError(
            "data_in_use", .conflict, subject: "data",
            LocalizedText("Another Weir runs on \(path), or it cannot be written.", zh: "\(path) 正被另一个 Weir 使用，或不可写。"),
            remedy: LocalizedText(
                "Stop the other one, or name another folder with --data.", zh: "请停止另一进程，或用 --data 指定其他目录。"))
    }
}
