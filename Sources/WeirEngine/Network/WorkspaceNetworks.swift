import Foundation
import NIOHTTP1
import WeirModel

/// One bridge for each workspace, and the rules between them.
actor WorkspaceNetworks {
    private let podman: PodmanSocket
    private let installation: String
    private let prefix: String
    private let egress: Egress
    private var checked: [Identifier<Workspace>: ContinuousClock.Instant] = [:]
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

    /// An interface's name has 15 characters at most: 9 digits in base 36 of a hash stand for the whole name.
    nonisolated func interface(of workspace: Identifier<Workspace>) -> String {
        let digits = String(StableHash.of(name(of: workspace)), radix: 36)
        return String((prefix + digits.suffix(9)).prefix(15))
    }

    func prepare(_ workspace: Identifier<Workspace>) async throws {
        if let then = checked[workspace], ContinuousClock.now - then < Self.trust { return }
        try await turn.take()
        do {
            try await make(workspace)
            await turn.give()
        } catch {
            await turn.give()
            throw error
        }
    }

    private func make(_ workspace: Identifier<Workspace>) async throws {
        if let then = checked[workspace], ContinuousClock.now - then < Self.trust { return }
        var networks = try await list()
        let known = checked[workspace] != nil
        if !networks.contains(where: { $0.name == name(of: workspace) }) {
            try await create(workspace)
            networks = try await list()
        } else if known, try await HostCommand.run(["nft", "list", "table", "inet", table]).status == 0 {
            checked[workspace] = .now
            return
        }
        try await apply(networks)
        checked[workspace] = .now
    }

    private func create(_ workspace: Identifier<Workspace>) async throws {
        let network = Network(
            name: name(of: workspace), network_interface: interface(of: workspace),
            labels: [Label.installation: installation, Label.workspace: workspace.text])
        do {
            _ = try await podman.call(.POST, "/networks/create", body: JSONEncoder().encode(network))
        } catch let refusal as PodmanRefusal where refusal.isConflict {
            // Made by a call that was cut short.
        }
    }

    func remove(_ workspace: Identifier<Workspace>) async throws {
        try await turn.take()
        do {
            do {
                _ = try await podman.call(.DELETE, "/networks/\(name(of: workspace))", ["force": "false"])
            } catch let refusal as PodmanRefusal where refusal.isMissing {}
            checked[workspace] = nil
            try await apply(try await list())
            await turn.give()
        } catch {
            await turn.give()
            throw error
        }
    }

    /// Removes every network of the installation, and its rules.
    func removeAll() async throws {
        for network in try await list() {
            guard let workspace = network.labels?[Label.workspace].flatMap({ Identifier<Workspace>($0) }) else { continue }
            try await remove(workspace)
        }
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
            egress: egress, otherBridges: Set([prefix + "*", "weir*", "podman*", "cni-podman*", "docker*", "br-*"]).sorted())
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
