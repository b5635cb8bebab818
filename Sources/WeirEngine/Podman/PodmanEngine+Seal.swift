import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import WeirModel

/// What Podman leaves open in a container is closed when its namespaces are there and nothing of the tenant's runs in them yet.
extension PodmanEngine {
    func seal(_ launch: Launch) async throws {
        let instance = launch.instance
        // Made already where a launch was cut short.
        _ = try await podman.call(.POST, "/containers/\(instance)/init", timeout: .minutes(2))
        let container = try podman.decode(InspectedContainer.self, from: await podman.call(.GET, "/containers/\(instance)/json"))
        let process = Int32(container.State.Pid)
        // It came to life behind our back, or it went.
        guard container.State.Status == "initialized", process > 1 else { throw WeirError.engineDown("\(instance) was not made ready") }
        if !launch.gatewayPorts.isEmpty {
            let rules = InstanceRules(gateways: container.gateways, ports: launch.gatewayPorts)
            try await rules.apply(to: process)
        }
        let root = disk.podmanRoot
        let (folders, id) = (container.ownFolders.map { root + $0 }, container.Id)
        try await NIOThreadPool.singleton.runIfActive {
            try OwnFiles.makeReadOnly(in: process, container: id)
            for folder in folders { try OwnFiles.close(folder) }
        }
    }
}

/// The files that Podman makes for a container on the machine's own disk and mounts into it: `/etc/hosts`, `/etc/resolv.conf`,
/// `/etc/hostname`, `/run/.containerenv`.
enum OwnFiles {
    /// They have no end of their own, and a program with a setuid bit in them would be one on the machine: nothing is written to them.
    static func makeReadOnly(in process: Int32, container: String) throws {
        let paths = mounted(in: process, container: container)
        // A Podman that keeps them elsewhere would leave them open without a word.
        guard !paths.isEmpty else { throw WeirError.mountFailed("/etc/hosts", code: ENOENT) }
        let flags = UInt(MS_REMOUNT) | UInt(MS_BIND) | UInt(MS_RDONLY) | UInt(MS_NOSUID) | UInt(MS_NODEV) | UInt(MS_NOEXEC)
        try MountNamespace(process: process).run {
            for path in paths {
                guard Glibc.mount(nil, path, nil, flags, nil) == 0 else { throw WeirError.mountFailed(path) }
            }
        }
    }

    /// Where they are in the container, as the kernel lists them.
    static func mounted(in process: Int32, container: String) -> [String] {
        let text = (try? String(contentsOfFile: "/proc/\(process)/mountinfo", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[3].contains("/\(container)/userdata/") else { return nil }
            return String(fields[4]).replacing("\\040", with: " ")
        }
    }

    /// Podman lets every user of the machine pass, for one that belongs to the container's root. This root owns it: others need not.
    static func close(_ folder: String) throws {
        guard chmod(folder, 0o700) == 0 else { throw WeirError.hostCommandFailed("chmod", String(cString: strerror(errno))) }
    }
}
