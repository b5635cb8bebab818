import Foundation
import Logging
import NIOCore
import WeirEngine
import WeirModel

/// Looks at the host as `weir serve` would find it with a configuration: what the engine needs, and what Weir itself does.
struct HostCheckup {
    let configuration: Configuration

    func findings() async -> [Finding] {
        let socket = configuration.engine.socket
        let profile = await HostProfile.detect(externalPodman: socket != nil)
        let service = PodmanService(external: socket, profile: profile, logger: Logger(label: "weir.doctor"))
        let engine = HostChecks(service: service, folders: [existingFolder()], registry: configuration.engine.registry)
        return [Self.user()] + Self.programs() + (await engine.run().map(Finding.init)) + ports()
    }

    static func user(_ id: UInt32 = geteuid()) -> Finding {
        id == 0
            ? Finding("user", .ok, LocalizedText("root", zh: "root"))
            : Finding(
                "user", .failed,
                LocalizedText(
                    "User \(id): networks, firewall and mounts of containers need root.",
                    zh: "用户 \(id)：容器的网络、防火墙与挂载需要 root。"),
                remedy: LocalizedText("Run weir serve as root.", zh: "请以 root 运行 weir serve。"))
    }

    /// A program that Weir calls.
    struct Program {
        let name: String
        let package: String
        let isVital: Bool
        let purpose: LocalizedText
    }

    static let needed = [
        Program(
            name: "crun", package: "crun", isVital: true, purpose: LocalizedText("starts containers", zh: "用于启动容器")),
        Program(
            name: "bsdtar", package: "libarchive-tools", isVital: true,
            purpose: LocalizedText("unpacks archives", zh: "用于解压归档")),
        Program(name: "git", package: "git", isVital: true, purpose: LocalizedText("clones code", zh: "用于克隆代码")),
        Program(
            name: "mmdebstrap", package: "mmdebstrap", isVital: false,
            purpose: LocalizedText(
                "makes the official images where no registry is configured", zh: "在未配置镜像仓库时用于制作官方镜像")),
    ]
    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    static func programs(_ programs: [Program] = needed) -> [Finding] {
        let missing = programs.filter { program in
            !folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program.name)") }
        }
        guard !missing.isEmpty else {
            let names = programs.map(\.name).joined(separator: ", ")
            return [Finding("programs", .ok, LocalizedText(names, zh: names))]
        }
        return missing.map { program in
            let install = "apt-get install \(program.package)"
            return Finding(
                "programs", program.isVital ? .failed : .warning,
                LocalizedText(
                    "\(program.name) is not installed; it \(program.purpose.en).",
                    zh: "未安装 \(program.name)，它\(program.purpose.zh)。"),
                remedy: LocalizedText(install, zh: install))
        }
    }

    /// The data folder, or, before the first start, the folder in which it will be made.
    private func existingFolder() -> String {
        var folder = configuration.dataFolder
        while !FileManager.default.fileExists(atPath: folder), folder.count > 1 {
            folder = (folder as NSString).deletingLastPathComponent
        }
        return folder.isEmpty ? "/" : folder
    }

    private func ports() -> [Finding] {
        [("api.listen", configuration.api.listen), ("gateway.listen", configuration.gateway.listen)].map {
            key, address in
            address.isFree
                ? Finding("ports", .ok, LocalizedText("\(key) \(address) is free.", zh: "\(key) \(address) 可用。"))
                : Finding(
                    "ports", .warning, LocalizedText("\(key) \(address) is taken.", zh: "\(key) \(address) 已被占用。"),
                    remedy: LocalizedText(
                        "If that is not Weir itself, choose another: --set \(key)=HOST:PORT.",
                        zh: "如占用者不是 Weir 本身，请改用其他地址：--set \(key)=主机:端口。"))
        }
    }
}

extension ListenAddress {
    /// Whether a server could listen here now.
    var isFree: Bool {
        guard let address = try? SocketAddress.makeAddressResolvingHost(host, port: port) else { return false }
        let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
        let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        return address.withSockAddr { pointer, size in bind(descriptor, pointer, socklen_t(size)) == 0 }
    }
}
