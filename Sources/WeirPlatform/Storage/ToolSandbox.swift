import Glibc

/// What a program of the host sees that works in a folder of Weir's for a tenant: the system's programs and libraries, and that folder.
///
/// The folder lies where no other user of the machine may go, and the program runs as such a user: in a sandbox it stands at a path of its
/// own, and the tenants' other files at none.
enum ToolSandbox {
    static let program = "/usr/bin/bwrap"
    /// Where the program finds its folder.
    static let folder = "/work"

    /// Where it finds the site's own certificates.
    static let certificates = "/etc/weir-certificates.crt"

    enum Network: Hashable {
        case none
        /// The host's, with a file of certificates that the host's own lack.
        case host(certificates: String?)
    }

    /// bubblewrap's arguments; the folder is the one in which it is started.
    static func arguments(_ network: Network) -> [String] {
        var arguments = [
            "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent",
            // What setpriv needs to give the rest up.
            "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP",
            // And what bubblewrap needs to go into a folder of that user, closed to everybody else.
            "--cap-add", "CAP_DAC_READ_SEARCH",
            "--ro-bind", "/usr", "/usr", "--perms", "0755", "--dir", "/dev", "--perms", "0755", "--dir", "/etc",
        ]
        for path in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"] { arguments += shown(path) }
        for device in ["/dev/null", "/dev/zero", "/dev/urandom"] { arguments += ["--dev-bind", device, device] }
        arguments += ["--ro-bind-try", "/etc/passwd", "/etc/passwd"]
        switch network {
        case .none: arguments.append("--unshare-net")
        case .host(let bundle):
            for path in names { arguments += ["--ro-bind-try", path, path] }
            if let bundle { arguments += ["--ro-bind", bundle, certificates] }
        }
        return arguments + ["--bind", ".", folder, "--remount-ro", "/", "--chdir", folder]
    }

    /// What finding a machine by its name and believing its certificate take.
    private static let names = [
        "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/ssl", "/etc/ca-certificates",
        "/etc/pki",
    ]

    /// A folder, or the link into `/usr` that it is on most systems.
    private static func shown(_ path: String) -> [String] {
        var target = [CChar](repeating: 0, count: 4096)
        let length = readlink(path, &target, target.count - 1)
        guard length > 0 else { return ["--ro-bind-try", path, path] }
        return ["--symlink", String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self), path]
    }
}
