import Foundation

/// A repository that code is cloned from (PRJ-08): an address with a host, by a protocol that the operator allows.
public struct GitSource: Hashable, Sendable {
    public static let lengthLimit = 2048
    public static let secretLimit = 1024

    public let scheme: String
    /// A name in lower case, or an address without brackets.
    public let host: String
    public let port: Int
    private let path: String
    /// As whom the repository is read, where it asks.
    public let credential: Credential?
    /// A branch or tag; nil takes the one that the repository itself names.
    public let branch: String?

    public struct Credential: Hashable, Sendable {
        public let user: String
        public let password: String

        /// Throws `malformed`.
        public init(user: String, password: String) throws(WeirError) {
            for (field, text) in [("user", user), ("password", password)] {
                guard text.utf8.count <= GitSource.secretLimit else { throw .tooLong(field, limit: GitSource.secretLimit) }
                guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
                    throw .malformed(field, "a line of text", rule: "PRJ-08")
                }
            }
            self.user = user
            self.password = password
        }
    }

    /// Throws `bad_git_address`: no local paths, no `ext::`, nothing that reads as an option, no number for a host; `malformed` for the
    /// branch and the credential. Who reads the repository may stand in the address (`https://user:token@…`) or be given beside it.
    public init(
        _ text: String, branch: String? = nil, credential: Credential? = nil, schemes: Set<String> = ["https"]
    ) throws(WeirError) {
        if let branch {
            guard (1...255).contains(branch.utf8.count), !branch.hasPrefix("-"),
                branch.utf8.allSatisfy({ (33...126).contains($0) })
            else { throw .malformed("branch", "the name of a branch or tag", rule: "PRJ-08") }
        }
        guard text.utf8.count <= Self.lengthLimit,
            text.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value < 127 }),
            let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), schemes.contains(scheme),
            // Not `ext::command`, which git would run.
            text.lowercased().hasPrefix(scheme + "://"),
            let host = parts.host.flatMap(Self.host), let port = parts.port ?? Self.ports[scheme], (1...65_535).contains(port),
            !parts.percentEncodedPath.isEmpty, parts.query == nil, parts.fragment == nil
        else { throw .badGitAddress(schemes: schemes) }
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = parts.percentEncodedPath
        self.branch = branch
        self.credential =
            if let credential { credential } else if parts.user != nil || parts.password != nil {
                try Credential(user: parts.user ?? "", password: parts.password ?? "")
            } else { nil }
    }

    /// Without what stands for the reader; a token may be given as the user.
    public func masked(_ text: String) -> String {
        guard let credential else { return text }
        var masked = text
        if !credential.password.isEmpty { masked = masked.replacing(credential.password, with: "…") }
        // A short name stands in too many words.
        if credential.user.count >= 8 { masked = masked.replacing(credential.user, with: "…") }
        return masked
    }

    private static let ports = ["https": 443, "http": 80, "git": 9418]

    /// The host as every program reads it: an address in its one written form, or a name of letters, digits, points and hyphens that is no
    /// number (`0x7f.1` and `2130706433` are addresses for some programs and names for others).
    private static func host(_ text: String) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") { return IPAddress(String(text.dropFirst().dropLast())).map { "\($0)" } }
        if let address = IPAddress(text) { return "\(address)" }
        let name = (text.hasSuffix(".") ? String(text.dropLast()) : text).lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, let last = labels.last, last.first?.isNumber == false,
            labels.allSatisfy({ label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-")
                    && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
            })
        else { return nil }
        return name
    }

    /// The address without who reads it: what git is told, what stays in the clone, and what is logged.
    public var text: String { address(of: host) }

    /// The same with another host.
    public func address(of host: String) -> String {
        let port = port == Self.ports[scheme] ? "" : ":\(port)"
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)\(port)\(path)"
    }
}

extension WeirError {
    public static func badGitAddress(schemes: Set<String>) -> WeirError {
        let list = schemes.sorted().map { $0 + "://" }.joined(separator: ", ")
        return WeirError(
            "bad_git_address", .invalid, subject: "url", rule: "PRJ-08",
            LocalizedText(
                "This is not an address that code can be cloned from: expected \(list), a host and a path.",
                zh: "无法从此地址克隆代码：应为 \(list) 开头，并包含主机名和路径。"))
    }

    /// Whatever it was that is not there or not allowed: nobody learns what listens where.
    public static func gitUnreachable() -> WeirError {
        WeirError(
            "git_unreachable", .invalid, subject: "url", rule: "PRJ-08",
            LocalizedText(
                "No repository was found at this address that can be read from here.",
                zh: "在此地址未找到可从本平台读取的仓库。"),
            remedy: LocalizedText(
                "Check the address, and the user and password if it needs them. Only public hosts are connected to, and those that the operator allows.",
                zh: "请检查地址以及所需的用户名和密码。平台只连接公网主机和运营管理员允许的主机。"))
    }

    /// The repository was reached and began to send.
    public static func gitFailed(_ detail: String) -> WeirError {
        WeirError(
            "git_failed", .invalid, subject: "url", rule: "PRJ-08",
            LocalizedText(
                "Cloning failed: \(detail.shortened)", zh: "克隆失败：\(detail.shortened)"))
    }

    public static func tooManyClones(_ most: Int) -> WeirError {
        WeirError(
            "too_many_clones", .tooMany, subject: "url", rule: "PRJ-08",
            LocalizedText(
                "You have \(most) clones running already.", zh: "您已有 \(most) 个克隆正在进行。"),
            remedy: LocalizedText("Wait until one has ended.", zh: "请等待其中一个结束。"))
    }

    public static func toolTimedOut(_ tool: String, limit: Duration) -> WeirError {
        WeirError(
            "tool_timed_out", .failed, subject: tool,
            LocalizedText(
                "\(tool) took longer than \(limit.milliseconds / 1000) s and was ended.",
                zh: "\(tool) 运行超过 \(limit.milliseconds / 1000) 秒，已被终止。"))
    }
}
