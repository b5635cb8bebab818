import Foundation
import Synchronization
import WeirModel

/// Which system calls a container has: Podman's own profile of this host, less what makes namespaces and mounts and what gives the kernel a
/// larger surface than a workload needs.
///
/// In a user namespace of one's own everybody has every capability, so that faults of the kernel which only root reaches are reached by all:
/// none is made in a container unless the operator allows it.
struct SeccompProfile: Sendable {
    /// Programs that build containers of their own (bubblewrap, apptainer) may make user namespaces, and mount in them.
    var allowsNesting: Bool

    /// Where Podman's profile lies; the first that is there counts, as for Podman.
    static let sources = ["/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json"]

    private static let notPermitted: UInt32 = 1  // EPERM
    private static let unknown: UInt32 = 38  // ENOSYS
    private static let newUsers: UInt64 = 0x1000_0000  // CLONE_NEWUSER

    /// What is taken to be absent from the kernel: programs do without.
    private static let absent = [
        "add_key", "bpf", "io_uring_enter", "io_uring_register", "io_uring_setup", "keyctl", "request_key", "socketcall",
        "userfaultfd",
    ]
    private static let refused = [
        "acct", "fanotify_init", "kexec_file_load", "kexec_load", "lookup_dcookie", "open_by_handle_at", "perf_event_open", "quotactl",
        "quotactl_fd", "syslog",
    ]
    private static let mounting = [
        "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree", "pivot_root", "setns", "umount",
        "umount2",
    ]
    /// What sockets talk to: this machine and networks, by name the local one, IP, IP 6 and the kernel's own about interfaces. Beyond that there
    /// is the machine under this one (`vsock`), which no firewall of ours parts from a container, and much that nobody looks after.
    private static let families: [UInt64] = [1, 2, 10]
    private static let kernelFamily: UInt64 = 16
    private static let auditProtocol: UInt64 = 9

    /// The flags of `clone3` lie in memory, where no filter can look.
    private static let namespaces = ["clone", "clone3", "unshare"]

    /// Podman's profile with these changes. Throws `seccomp_missing` when it is not of a form that is known.
    func adapted(_ original: Data) throws -> Data {
        guard var profile = try JSONSerialization.jsonObject(with: original) as? [String: Any],
            let rules = profile["syscalls"] as? [[String: Any]]
        else { throw WeirError.seccompMissing() }
        let taken = Set(Self.absent + Self.refused + ["socket"] + (allowsNesting ? [] : Self.mounting + Self.namespaces))
        var changed = rules.compactMap { rule -> [String: Any]? in
            guard let names = rule["names"] as? [String] else { return nil }
            let left = names.filter { !taken.contains($0) }
            guard !left.isEmpty else { return nil }
            var rule = rule
            rule["names"] = left
            return rule
        }
        changed += [refuse(Self.absent, Self.unknown), refuse(Self.refused, Self.notPermitted)] + sockets
        if !allowsNesting {
            changed += [
                refuse(Self.mounting, Self.notPermitted), refuse(["clone3"], Self.unknown),
                refuse(["clone", "unshare"], Self.notPermitted, [flag(Self.newUsers, isSet: true)]),
                allow(["clone", "unshare"], [flag(Self.newUsers, isSet: false)]),
            ]
        }
        profile["syscalls"] = changed
        return try JSONSerialization.data(withJSONObject: profile, options: [.sortedKeys])
    }

    /// Only what is allowed is said: on a machine with 32-bit programs, libseccomp takes no second answer for the same call. The rest is "not
    /// implemented", as everything that the profile does not name.
    private var sockets: [[String: Any]] {
        Self.families.map { allow(["socket"], [compare(0, $0)]) } + [
            allow(["socket"], [compare(0, Self.kernelFamily), compare(2, Self.auditProtocol, "SCMP_CMP_NE")])
        ]
    }

    private func allow(_ names: [String], _ arguments: [[String: Any]]) -> [String: Any] {
        ["names": names, "action": "SCMP_ACT_ALLOW", "args": arguments]
    }

    private func refuse(_ names: [String], _ error: UInt32, _ arguments: [[String: Any]] = []) -> [String: Any] {
        ["names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": arguments]
    }

    private func compare(_ argument: Int, _ value: UInt64, _ comparison: String = "SCMP_CMP_EQ") -> [String: Any] {
        ["index": argument, "value": value, "valueTwo": 0, "op": comparison]
    }

    /// Whether a flag is set in the first argument.
    private func flag(_ bit: UInt64, isSet: Bool) -> [String: Any] {
        ["index": 0, "value": bit, "valueTwo": isSet ? bit : 0, "op": "SCMP_CMP_MASKED_EQ"]
    }
}

/// The file that Podman reads when it makes a container.
final class SeccompFile: Sendable {
    private let path: String
    private let profile: SeccompProfile
    private let isWritten = Mutex(false)

    init(folder: String, profile: SeccompProfile) {
        path = folder + "/seccomp.json"
        self.profile = profile
    }

    /// Written once in each life of Weir, for Podman may have been renewed. Throws `seccomp_missing`.
    func ready() throws -> String {
        try isWritten.withLock { isWritten in
            if isWritten, FileManager.default.fileExists(atPath: path) { return path }
            guard let original = SeccompProfile.sources.lazy.compactMap({ FileManager.default.contents(atPath: $0) }).first else {
                throw WeirError.seccompMissing()
            }
            try Folder.makeClosed((path as NSString).deletingLastPathComponent)
            try profile.adapted(original).write(to: URL(fileURLWithPath: path), options: .atomic)
            isWritten = true
            return path
        }
    }
}

extension WeirError {
    static func seccompMissing() -> WeirError {
        WeirError(
            "seccomp_missing", .unavailable, subject: "seccomp",
            LocalizedText(
                "Podman's list of system calls is missing or cannot be read: \(SeccompProfile.sources.joined(separator: ", ")).",
                zh: "Podman 的系统调用清单缺失或无法读取：\(SeccompProfile.sources.joined(separator: "、"))。"),
            remedy: LocalizedText("Install containers-common (Debian: golang-github-containers-common).", zh: "请安装 containers-common。"))
    }
}
