import Foundation
import Logging
import NIOCore
import WeirEngine
import WeirModel
import WeirPlatform

/// Looks at the host as `weir serve` would find it with a configuration: what the engine needs, and what Weir itself does.
struct HostCheckup {
    let configuration: Configuration

    func findings() async -> [Finding] {
        let socket = configuration.engine.socket
        let profile = await HostProfile.detect(externalPodman: socket != nil)
        let service = PodmanService(external: socket, profile: profile, logger: Logger(label: "weir.doctor"))
        let engine = HostChecks(
            service: service, folders: [existingFolder()], registry: configuration.engine.registry,
            requiresUserNamespaces: configuration.engine.userNamespaces == .required)
        return [Self.user()] + Self.programs() + (await engine.run().map(Finding.init)) + accelerators(profile.gpus) + ports()
    }

    /// Which devices each class of the configuration has, which have none, and what is simulated (QUO-01).
    func accelerators(_ devices: [EngineGPU]) -> [Finding] {
        let classes = configuration.accelerators
        let classified = devices.map { ($0, $0.classified(by: classes)) }
        var findings = classes.map { own in
            let names = classified.filter { $0.0.kind == own.kind && $0.1.model == own.name.description }.map(\.0.device)
            return names.isEmpty
                ? Finding(
                    "accelerators", .warning,
                    LocalizedText("\(own.name) (\(own.kind)): no device of this host.", zh: "\(own.name)（\(own.kind)）：本机没有匹配的设备。"),
                    remedy: LocalizedText(
                        "Compare its models and memory with the names that `gpus` shows.", zh: "请将其型号与显存同 gpus 一项显示的名称对照。"))
                : Finding(
                    "accelerators", .ok,
                    LocalizedText(
                        "\(own.name): \(names.joined(separator: ", "))", zh: "\(own.name)：\(names.joined(separator: "、"))"))
        }
        let without = classified.filter { device, found in
            !classes.contains { $0.kind == device.kind && $0.name.description == found.model }
        }
        if !classes.isEmpty, !without.isEmpty {
            let names = without.map(\.0.device).joined(separator: ", ")
            findings.append(
                Finding(
                    "accelerators", .warning, LocalizedText("Of no class: \(names).", zh: "未归入任何类别：\(names)。"),
                    remedy: LocalizedText(
                        "Add their models to a class, or flavors that name a class never get them.", zh: "请将其型号加入某个类别，否则指定类别的规格无法使用这些设备。")))
        }
        for part in configuration.simulatedAccelerators {
            findings.append(
                Finding(
                    "accelerators", .warning,
                    LocalizedText(
                        "\(part.count) × \(part.name) with \(part.memory) are simulated: they are counted, and there is no device.",
                        zh: "\(part.count) × \(part.name)（\(part.memory)）为模拟加速器：仅参与记账，没有真实设备。")))
        }
        return findings
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

    /// Refuses for whom no container could be started, with what `weir doctor` says. To be asked before anything is made on the disk.
    static func requireRoot(_ id: UInt32 = geteuid()) throws(WeirError) {
        let finding = user(id)
        guard finding.status != .ok else { return }
        throw WeirError("root_required", .failed, subject: "user", finding.text, remedy: finding.remedy)
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
