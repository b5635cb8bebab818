import Foundation
public import WeirModel

/// Why containers cannot have users of their own on a host. Without them root in a container is root of the host, held back by the
/// capabilities that it lacks and by nothing else.
public enum UserNamespaceObstacle: Hashable, Sendable {
    /// These of the files that Podman's `userns=auto` reads set no users aside for containers, or too few.
    case noRange([String])
    /// The kernel makes no user namespaces.
    case forbidden

    static let files = ["/etc/subuid", "/etc/subgid"]
    /// The line that `Scripts/deps/host.sh` adds where nobody else has a part of the range.
    static let line = "containers:2147483647:2147483648"
    /// For one container.
    static let idsEach: Int64 = 65_536
    /// Fewer at once would mean that workloads cannot begin on a machine with room for them.
    static let leastContainers: Int64 = 64

    static func onThisHost() -> UserNamespaceObstacle? {
        find(mostNamespaces: text("/proc/sys/user/max_user_namespaces"), ranges: files.map { (file: $0, text: text($0)) })
    }

    /// - Parameters:
    ///   - mostNamespaces: what the kernel says in `/proc/sys/user/max_user_namespaces`; empty where it has no such file.
    ///   - ranges: the files and what they hold.
    static func find(mostNamespaces: String, ranges: [(file: String, text: String)]) -> UserNamespaceObstacle? {
        if Int64(mostNamespaces.trimmingCharacters(in: .whitespacesAndNewlines)) == 0 { return .forbidden }
        let without = ranges.filter { !setsUsersAside($0.text) }.map(\.file)
        return without.isEmpty ? nil : .noRange(without)
    }

    /// Lines `containers:START:COUNT`, all together with users for as many containers as are needed.
    private static func setsUsersAside(_ text: String) -> Bool {
        let containers = text.split(whereSeparator: \.isNewline).reduce(Int64(0)) { all, line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0] == "containers", let start = Int64(fields[1]), let count = Int64(fields[2]), start > 0
            else { return all }
            return all + min(max(count / idsEach, 0), leastContainers)
        }
        return containers >= leastContainers
    }

    private static func text(_ file: String) -> String { KernelFile.read(file) ?? "" }

    public var finding: LocalizedText {
        switch self {
        case .noRange(let files):
            LocalizedText(
                "Root in a container is root of this host: \(files.joined(separator: " and ")) set no users aside for containers, or for fewer than \(Self.leastContainers) of \(Self.idsEach) each.",
                zh:
                    "容器内的 root 就是本机的 root：\(files.joined(separator: " 与 ")) 未为容器预留用户范围，或不足 \(Self.leastContainers) 个容器（每个 \(Self.idsEach) 个 ID）所需。"
            )
        case .forbidden:
            LocalizedText(
                "Root in a container is root of this host: the kernel makes no user namespaces.",
                zh: "容器内的 root 就是本机的 root：内核不允许用户命名空间。")
        }
    }

    public var remedy: LocalizedText {
        switch self {
        case .noRange(let files):
            LocalizedText(
                "As root: echo \(Self.line) | tee -a \(files.joined(separator: " "))",
                zh: "以 root 执行：echo \(Self.line) | tee -a \(files.joined(separator: " "))")
        case .forbidden:
            LocalizedText("As root: sysctl user.max_user_namespaces=65536", zh: "以 root 执行：sysctl user.max_user_namespaces=65536")
        }
    }
}
