/// The exact lines by which a person enters an environment, to be copied (SSH-01, SSH-08, SSH-12).
public struct SSHLines: Hashable, Sendable {
    public let host: String
    public let port: Int
    public let user: String
    /// The name of the entry in `~/.ssh/config`: no two environments share one.
    public let alias: String
    private let isEnvironment: Bool
    private let isCode: Bool
    private let plainName: String

    public init(host: String, port: Int, user: SSHUserName, name: String) {
        self.host = host
        self.port = port
        self.user = user.description
        if case .environment = user.place { isEnvironment = true } else { isEnvironment = false }
        if case .code = user.place { isCode = true } else { isCode = false }
        plainName = Self.plain(name)
        alias = "weir-" + plainName + "-" + Self.tail(of: user)
    }

    /// The last digits of the identifier are its random ones.
    private static func tail(of user: SSHUserName) -> Substring {
        switch user.place {
        case .environment(let id): id.hexadecimal.suffix(6)
        case .draft(let id): id.hexadecimal.suffix(6)
        case .code(let id): id.hexadecimal.suffix(6)
        case .netdisk: user.workspace[...]
        }
    }

    private static func plain(_ name: String) -> String {
        let letters = name.lowercased().utf8.map { byte in
            (97...122).contains(byte) || (48...57).contains(byte) ? byte : UInt8(ascii: "-")
        }
        let text = String(decoding: letters.prefix(40), as: UTF8.self).split(separator: "-").joined(separator: "-")
        return text.isEmpty ? "env" : text
    }

    private var target: String { "'\(user)@\(host)'" }
    /// Where files go that are kept.
    public var folder: String { isEnvironment ? ContainerPaths.code : "/upload" }

    /// The arguments of `ssh`, for a program that runs it.
    public var arguments: [String] { ["-p", String(port), "-l", user, host] }
    /// Nil where there is no shell.
    public var ssh: String? { isEnvironment ? "ssh -p \(port) \(target)" : nil }
    public var scp: String { "scp -P \(port) ./file '\(user)@\(host):\(folder)/'" }
    public var sftp: String { "sftp -P \(port) \(target)" }
    /// Nil where there is no rsync at the other end.
    public var rsync: String? {
        isEnvironment ? "rsync -av -e 'ssh -p \(port)' ./folder/ '\(user)@\(host):\(folder)/folder/'" : nil
    }
    /// The address of a project's code for git, where the code is a repository; nil elsewhere.
    public var gitAddress: String? {
        isCode ? "ssh://\(user.replacing("@", with: "%40"))@\(host):\(port)/" : nil
    }
    /// Nil where there is no code.
    public var git: String? { gitAddress.map { "git clone \($0) \(plainName)" } }
    public var config: String {
        """
        Host \(alias)
            HostName \(host)
            Port \(port)
            User \(user)
            ServerAliveInterval 30
            ServerAliveCountMax 6
        """
    }
}
