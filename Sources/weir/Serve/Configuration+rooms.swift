import Foundation
import NIOSSL
import WeirEngine
import WeirHTTP
import WeirModel
import WeirPlatform
import WeirSSH

/// What each room is told of the configuration.
extension Configuration {
    /// `keys` is nil where SSH is switched off.
    func platformSettings(_ keys: HostKeys?) -> Platform.Settings {
        Platform.Settings(
            zone: zone, signUpIsOpen: signUp == .open, sessionDuration: session.duration,
            ports: gateway.ports.lowest...gateway.ports.highest, portIdleLimit: limits.serviceIdle, uploadLimit: limits.uploadSize,
            cpuOvercommit: engine.cpuOvercommit, resourceGroup: engine.group, acceleratorClasses: accelerators,
            simulatedAccelerators: simulatedAccelerators, gatewayURL: gatewaySettings.origin, gatewayHost: gatewayHost,
            timeZone: timeZone, startingGrant: billing.startingGrant, billingIsEnforced: billing.enforce == .on,
            ssh: SSHSettings(
                isOn: keys != nil, host: sshHost, port: ssh.publicPort ?? ssh.listen.port, hostKeys: keys?.published ?? []),
            leavingGrace: limits.leavingGrace, closingGrace: limits.closingGrace, startGrace: billing.startGrace,
            newWorkspaces: NewWorkspaces(
                most: limits.workspaces,
                quota: Quota(
                    cpu: limits.workspaceCPU.map { $0 * 1000 }, memory: limits.workspaceMemory, gpu: limits.workspaceGPU.map { $0 * 1000 },
                    instances: limits.workspaceInstances)))
    }

    func sshSettings(tools: String) -> SSHGatewaySettings {
        SSHGatewaySettings(host: ssh.listen.host, port: ssh.listen.port, tools: tools, mostConnections: ssh.connections)
    }

    var gatewaySettings: GatewaySettings {
        let scheme = gateway.tls.isOn ? "https" : "http"
        var tls: GatewaySettings.TLS?
        if let certificate = gateway.tls.certificate, let key = gateway.tls.key {
            tls = GatewaySettings.TLS(certificateFile: certificate, keyFile: key)
        }
        return GatewaySettings(
            host: gateway.listen.host, port: gateway.listen.port,
            publicURL:
                "\(scheme)://\(gatewayHost.contains(":") ? "[\(gatewayHost)]" : gatewayHost):\(gateway.listen.port)",
            tls: tls)
    }

    func httpSettings() throws -> HTTPSettings {
        var tls: TLSConfiguration?
        if let certificate = api.tls.certificate, let key = api.tls.key {
            tls = .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            // Older ones are broken, and nothing that is to come in here needs them.
            tls?.minimumTLSVersion = .tlsv12
        }
        return HTTPSettings(
            host: api.listen.host, port: api.listen.port, tls: tls, version: WeirVersion.text,
            signUpIsOpen: signUp == .open, consoleFolder: console.folder, names: hostNames)
    }

    /// The names of the API's own address, of this machine, and those that were given.
    private var hostNames: HostNames {
        let reached = api.publicURL.flatMap { URLComponents(string: $0)?.host }
        let machine = ProcessInfo.processInfo.hostName
        return HostNames(
            known: Set(api.names + [api.listen.host, machine] + [reached].compactMap(\.self)),
            trustedProxies: api.trustedProxies.compactMap { IPNetwork($0) })
    }

    var engineEgress: WeirEngine.Egress {
        switch engine.egress {
        case .open: .open(privateNetworks: engine.networks)
        case .closed: .closed(except: engine.networks)
        }
    }

    var gitRules: GitRules {
        GitRules(
            destinations: GitDestinations(allowed: git.privateHosts), caBundle: engine.caBundle, answerStep: git.answerTime)
    }

    var unpackLimits: UnpackLimits {
        UnpackLimits(size: limits.unpackSize, files: limits.unpackFiles, ratio: Int64(limits.unpackRatio))
    }

    /// The price list of the configuration: flavors by their own prices, all kinds of GPU that they name by the same.
    var prices: WeirModel.Tariff {
        let declared = accelerators.map(\.kind) + (simulatedAccelerators.isEmpty ? [] : [SimulatedAccelerators.kind])
        let kinds = Set(flavors.compactMap(\.gpu?.kind) + declared + ["nvidia.com/gpu"]).sorted()
        return WeirModel.Tariff(
            of: flavors,
            environment: PartPrices(
                cpuCore: tariff.cpuCore, memoryGiB: tariff.memoryGiB, scratchGiB: tariff.scratchGiB,
                gpus: kinds.map { GPUPrices(kind: $0, thousandth: tariff.gpuThousandth, memoryGiB: tariff.gpuMemoryGiB) }),
            board: BoardPrices(cpuCore: tariff.boardCPUCore, memoryGiB: tariff.boardMemoryGiB),
            storage: StoragePrices(
                perGBDay: tariff.storagePerGBDay, freeLibrary: tariff.freeLibrary, freeNetdisk: tariff.freeNetdisk))
    }
}
