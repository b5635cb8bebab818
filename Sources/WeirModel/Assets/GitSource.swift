import Foundation

/// A repository that code is cloned from (PRJ-08): an address with a host, by a protocol that the operator allows.
public struct GitSource: Hashable, Sendable {
    public static let lengthLimit = 2048
    public let text: String
    public let scheme: String
    public let host: String
    /// A branch or tag; nil takes the one that the repository itself names.
    public let branch: String?

    /// Throws `bad_git_address`: no local paths, no `ext::`, nothing that reads as an option; `malformed` for the branch.
    public init(_ text: String, branch: String? = nil, schemes: Set<String> = ["https"]) throws(WeirError) {
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
            let host = parts.host, !host.isEmpty, !host.hasPrefix("-"), !parts.path.isEmpty
        else { throw .badGitAddress(schemes: schemes) }
        self.text = text
        self.scheme = scheme
        self.host = host
        self.branch = branch
    }

    /// For messages and logs: without a user's name and password.
    public var shown: String {
        var parts = URLComponents(string: text)
        parts?.user = nil
        parts?.password = nil
        return parts?.string ?? "\(scheme)://\(host)"
    }
}

extension WeirError {
    public static func badGitAddress(schemes: Set<String>) -> WeirError {
        let list = schemes.sorted().map { $0 + "://" }.joined(separator: ", ")
        return WeirError(
            "bad_git_address", .invalid, subject: "url", rule: "PRJ-08",
            LocalizedText(
                "This is not an address that code can be cloned from: expected \(list) and a host.",
                zh: "无法从此地址克隆代码：应为 \(list) 开头并包含主机名。"))
    }

    public static func gitHostRefused(_ host: String) -> WeirError {
        WeirError(
            "git_host_refused", .forbidden, subject: "url", rule: "PRJ-08",
            LocalizedText(
                "\(host.shortened) cannot be found, or it is this machine itself.",
                zh: "无法解析主机 \(host.shortened)，或其指向本机。"))
    }

    public static func gitFailed(_ detail: String) -> WeirError {
        WeirError(
            "git_failed", .failed, subject: "url", rule: "PRJ-08",
            LocalizedText(
                "Cloning failed: \(detail.shortened)", zh: "克隆失败：\(detail.shortened)"),
            remedy: LocalizedText(
                "Check the address, and that the repository can be read without a question.",
                zh: "请检查地址，并确认仓库无需交互即可读取。"))
    }

    public static func toolTimedOut(_ tool: String, limit: Duration) -> WeirError {
        WeirError(
            "tool_timed_out", .failed, subject: tool,
            LocalizedText(
                "\(tool) took longer than \(limit.milliseconds / 1000) s and was ended.",
                zh: "\(tool) 运行超过 \(limit.milliseconds / 1000) 秒，已被终止。"))
    }
}
