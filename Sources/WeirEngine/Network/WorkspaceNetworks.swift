import Foundation
import Glibc
import NIOHTTP1
import WeirModel

/// One bridge for each workspace, and the rules between them.
actor WorkspaceNetworks {
    private let podman: PodmanSocket
    private let installation: String
    private let prefix: String
    private let egress: Egress
    /// By the network's name.
    private var checked: [String: ContinuousClock.Instant] = [:]
    private let turn = Turn()

    /// After this time it is looked again whether the rules are still there: an operator may have loaded others.
    private static let trust: Duration = .seconds(30)

    init(podman: PodmanSocket, installation: String, prefix: String, egress: Egress) {
        self.podman = podman
        self.installation = installation
        self.prefix = prefix
        self.egress = egress
    }

    private struct Network: Codable {
        var name: String
        var driver = "bridge"
        var network_interface: String?
        var dns_enabled = true
        var labels: [String: String]?
        var subnets: [Subnet]?

        struct Subnet: Codable {
            var subnet: String?
            var gateway: String?
        }
    }

    nonisolated func name(of workspace: Identifier<Workspace>) -> String { "\(prefix)-\(installation)-\(workspace)" }

    private nonisolated var nameForBuilds: String { "\(prefix)-\(installation)-builds" }

    /// An interface's name has 15 characters at most: 9 digits in base 36 of a hash stand for the whole name.
    private nonisolated func interface(of name: String) -> String {
        let digits = String(StableHash.of(name), radix: 36)
        return String((prefix + digits.suffix(9)).prefix(15))
    }

    func prepare(_ workspace: Identifier<Workspace>) async throws {
        try await prepare(name(of: workspace), labels: [Label.workspace: workspace.text])
    }

    /// A network for the builds of images, with the rules that hold for workspaces: a step of a Containerfile is a
    /// stranger's program. Podman itself would run it among the host's own interfaces.
    func prepareForBuilds() async throws -> (name: String, nameServers: [String]) {
        let name = nameForBuilds
        try await prepare(name, labels: [:])
        let network = try await list().first { $0.name == name }
        return (name, (network?.subnets ?? []).compactMap(\.gateway))
    }

    private func prepare(_ name: String, labels: [String: String]) async throws {
        if isTrusted(name) { return }
        try await inTurn {
            if self.isTrusted(name) { return }
            try await self.make(name, labels: labels)
        }
    }

    private func isTrusted(_ name: String) -> Bool {
        checked[name].map { ContinuousClock.now - $0 < Self.trust } ?? false
    }

    private func inTurn(_ change: () async throws -> Void) async throws {
        try await turn.take()
        do {
            try await change()
            await turn.give()
        } catch {
            await turn.give()
            throw error
        }
    }

    private func make(_ name: String, labels: [String: String]) async throws {
        try HostFirewall.require()
        var networks = try await list()
        let known = checked[name] != nil
        if !networks.contains(where: { $0.name == name }) {
            try await create(name, labels: labels)
            networks = try await list()
        } else if known, try await HostCommand.run(["nft", "list", "table", "inet", table]).status == 0 {
            checked[name] = .now
            return
        }
        try await apply(networks)
        checked[name] = .now
    }

    private func create(_ name: String, labels: [String: String]) async throws {
        let network = Network(
            name: name, network_interface: interface(of: name),
            labels: labels.merging([Label.installation: installation]) { $1 })
        do {
            _ = try await podman.call(.POST, "/networks/create", body: JSONEncoder().encode(network))
        } catch let refusal as PodmanRefusal where refusal.isConflict {
            // Made by a call that was cut short.
        }
    }

    func remove(_ workspace: Identifier<Workspace>) async throws { try await remove(name(of: workspace)) }

    private func remove(_ name: String) async throws {
        try await inTurn {
            do {
                _ = try await self.podman.call(.DELETE, "/networks/\(name)", ["force": "false"])
            } catch let refusal as PodmanRefusal where refusal.isMissing {}
            self.checked[name] = nil
            try await self.apply(try await self.list())
        }
    }

    /// Removes every network of the installation, and its rules.
    func removeAll() async throws {
        for network in try await list() { try await remove(network.name) }
        try await apply([])
    }

    private func list() async throws -> [Network] {
        let filter = try JSONEncoder().encode(["label": ["\(Label.installation)=\(installation)"]])
        let answer = try await podman.call(.GET, "/networks/json", ["filters": String(decoding: filter, as: UTF8.self)])
        return try podman.decode([Network]?.self, from: answer) ?? []
    }

    private nonisolated var table: String { FirewallRules.table(of: installation) }

    private func apply(_ networks: [Network]) async throws {
        let rules = FirewallRules(
            table: table,
            bridges: networks.compactMap { network in
                network.network_interface.map {
                    .init(interface: $0, gateways: (network.subnets ?? []).compactMap(\.gateway))
                }
            }.sorted { $0.interface < $1.interface },
            egress: egress, otherBridges: Set([prefix + "*", "weir*", "podman*", "cni-podman*", "docker*", "br-*"]).sorted(),
            // Podman's name servers run as root.
            hostUsers: Set([0, geteuid()]).sorted())
        let applied = try await HostCommand.run(["nft", "-f", "-"], input: Data(rules.text.utf8))
        guard applied.status == 0 else { throw WeirError.hostCommandFailed("nft", applied.output) }
    }
}

/// One at a time, in an actor whose methods wait in between; first come, first served.
actor Turn {
    private var taken = false
    private var line: [CheckedContinuation<Void, Never>] = []

    func take() async throws {
        try Task.checkCancellation()
        guard taken else {
            taken = true
            return
        }
        await withCheckedContinuation { line.append($0) }
    }

    func give() {
        if line.isEmpty { taken = false } else { line.removeFirst().resume() }
    }
}

/// FNV-1a: the same number in every process, which Swift's own hashes are not.
struct StableHash {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    static func of(_ text: String) -> UInt64 {
        var hash = StableHash()
        hash.add(text.utf8)
        return hash.value
    }
}
