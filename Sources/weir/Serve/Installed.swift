import AsyncHTTPClient
import Foundation
import Logging
import NIOPosix
import NIOSSL
import ServiceLifecycle
import UnixSignals
import WeirEngine
import WeirHTTP
import WeirModel
import WeirPlatform
import WeirSSH
import WeirStore

/// One installation, put together from its configuration: the only place that knows every room.
struct Installed {
    private let configuration: Configuration
    private let profile: HostProfile
    private let logger: Logger
    private let data: DataFolder

    /// - Parameter profile: what the host offers.
    init(_ configuration: Configuration, profile: HostProfile, logger: Logger) throws {
        self.configuration = configuration
        self.profile = profile
        self.logger = logger
        data = try DataFolder(configuration.dataFolder)
    }

    /// Runs until SIGTERM or SIGINT, then lets what is under way end.
    func run() async throws {
        let clock = SystemClock()
        let store = try Store(path: data.database, ballast: .mib(64))
        let installation = try await Installation(store: store)
        let threads = NIOThreadPool(numberOfThreads: 8)
        let tools = NIOThreadPool(numberOfThreads: 4)
        let clones = NIOThreadPool(numberOfThreads: 16)
        threads.start()
        tools.start()
        clones.start()
        let podman = PodmanService(external: configuration.engine.socket, profile: profile, logger: logger)
        let keeper = PodmanKeeper(service: podman, logger: logger)
        await keeper.tryOnce()
        let watch = DiskWatch(folder: data.path, reserve: configuration.storage.reserve, logger: logger)
        let wall = InstalledWall(configuration, profile: profile, data: data, watch: watch, logger: logger)
        let firewall = HostFirewall()
        for complaint in await firewall.complaints() {
            logger.error("\(complaint.text.en)", metadata: ["remedy": "\(HostFirewall.remedy.en)"])
        }
        let isSSHOn = configuration.ssh.enabled == .on
        let keys = isSSHOn ? try HostKeys(folder: data.ssh) : nil
        let sshTools = isSSHOn ? try makeTools() : nil
        let profileMount = Launch.Mount(
            source: try LoginProfile.bring(into: sshTools ?? data.profile), target: LoginProfile.target, writable: false)
        let toolMounts = sshTools.map { [Launch.Mount(source: $0, target: FileTools.target, writable: false)] } ?? []
        let engine = PodmanEngine(
            configuration: PodmanConfiguration(
                socket: configuration.engine.socket ?? PodmanService.defaultSocket, installation: installation.id,
                host: profile, caBundle: configuration.engine.caBundle, scratchFolder: data.scratch,
                egress: configuration.engineEgress, logLimit: configuration.engine.logLimit.count,
                enteredMounts: toolMounts + [profileMount],
                reserve: configuration.storage.reserve, nestedNamespaces: configuration.engine.nestedNamespaces == .on),
            clock: clock, logger: logger)
        let files = FileStore(
            layout: StorageLayout(root: data.files), pool: threads, tools: tools, clones: clones, limits: configuration.unpackLimits,
            webLimits: WebUploadLimits(
                files: configuration.limits.webUploadFiles, size: configuration.limits.webUploadFileSize),
            git: configuration.gitRules, wall: wall.wall)
        // What a tenant's program answers leads Weir nowhere else.
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
        let platform = try Platform(
            settings: configuration.platformSettings(keys), installation: installation, store: store, files: files,
            engine: engine, client: client, threads: threads, clock: clock,
            buildOfficialImages: officialImages(engine), logger: logger)

        // Whatever happens, what was opened is closed: a start that fails ends with its reason and nothing else.
        let outcome: Result<Void, any Error>
        do {
            try await platform.prepare(
                flavors: configuration.flavors, prices: configuration.prices, at: clock.now())
            try await makeFirstOperator(platform.accounts)
            let ssh = try keys.map {
                try SSHGateway(
                    settings: configuration.sshSettings(tools: data.sshTools), keys: $0, platform: platform, logger: logger)
            }
            let disk = DiskKeeper(watch: watch, store: store, threads: threads)
            try await serve(platform, engine, [keeper, disk], ssh, clock) {
                [profile] in
                let users = profile.userNamespaceObstacle.map { [Complaint("user_namespaces_missing", $0.finding)] } ?? []
                return await users + firewall.complaints() + watch.complaints + wall.complaints()
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await client.shutdown()
        try await engine.shutdown()
        try store.close()
        try await threads.shutdownGracefully()
        try await tools.shutdownGracefully()
        try await clones.shutdownGracefully()
        try outcome.get()
    }

    private func serve(
        _ platform: Platform, _ engine: PodmanEngine, _ keepers: [any Service], _ ssh: SSHGateway?, _ clock: SystemClock,
        warnings: @escaping @Sendable () async -> [Complaint]
    ) async throws {
        let assets = try InstalledFiles.folder(holding: "frontend/xterm/index.js").map {
            try FrontendAssets(folder: $0.appendingPathComponent("frontend"))
        }
        if assets == nil {
            logger.warning("the files of the web terminal are missing: run `make deps`, or Scripts/frontend-assets.sh")
        }
        let gateway = GatewayServer(
            settings: configuration.gatewaySettings, routes: platform.routes, tokens: platform.tokens, assets: assets,
            clock: clock, group: MultiThreadedEventLoopGroup.singleton, logger: logger
        ) { workload, size, name in
            try await platform.processes.terminal(in: workload, size: size, name: name)
        }
        var settings = try configuration.httpSettings()
        settings.editorFolder =
            InstalledFiles.folder(holding: "frontend/codemirror/index.js")?
            .appendingPathComponent("frontend/codemirror").path
        let door = try WeirServer(
            settings, platform, health: platform.health(engine, checkup: HostCheckup(configuration: configuration), warnings: warnings),
            logger: logger
        ) { [logger, configuration] port in
            logger.info("Weir serves", metadata: ["address": "\(configuration.publicURL)", "port": "\(port)"])
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: keepers + [EngineService(engine: engine)] + platform.loops + [gateway, door] + (ssh.map { [$0] } ?? []),
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    /// OpenSSH for environments lies, where that can be, on a file system of its own, so that it tells them nothing of the data folder.
    private func makeTools() throws -> String {
        if profile.volumeWay(of: data.path) == .loopFile {
            do {
                try OwnFileSystem.open(
                    data.sshTools, file: data.volumes + "/tools.img", reserve: configuration.storage.reserve,
                    socket: configuration.engine.socket ?? PodmanService.defaultSocket)
            } catch {
                logger.warning("the tools of SSH lie in a plain folder", metadata: ["folder": "\(data.sshTools)", "error": "\(error)"])
            }
        }
        return try FileTools(folder: data.sshTools).folder
    }

    private func officialImages(_ engine: PodmanEngine) -> Images.OfficialBuild {
        let base: OfficialImages.Base = configuration.engine.registry.map { .registry("\($0)/library/debian:bookworm-slim") } ?? .made
        return { names, progress in
            guard let folder = InstalledFiles.folder(holding: "Images/notebook/Containerfile") else {
                throw WeirError.definitionsMissing()
            }
            let images = OfficialImages(
                engine: engine, definitions: folder.appendingPathComponent("Images").path, base: base)
            let offered: [OfficialImages.Definition] = [.python, .notebook]
            let wanted = offered.filter { names.isEmpty || names.contains($0.rawValue) }
            guard names.isEmpty || wanted.count == Set(names).count else {
                throw WeirError.malformed("names", offered.map(\.rawValue).joined(separator: ", "), rule: "IMG-01")
            }
            var built: [EngineImage] = []
            for definition in wanted { built.append(try await images.ensure(definition, progress: progress)) }
            return built
        }
    }

    /// The password is on the disk before the account is there, so that a kill between the two locks nobody out.
    private func makeFirstOperator(_ accounts: Accounts) async throws {
        let password = Accounts.makeOneTimePassword()
        let kept = try? String(contentsOfFile: data.oneTimePassword, encoding: .utf8)
        if kept == nil {
            let file = open(data.oneTimePassword, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            defer { close(file) }
            _ = password.withCString { write(file, $0, strlen($0)) }
            fsync(file)
        }
        let login = "operator"
        guard try await accounts.createFirstOperator(login: login, oneTimePassword: kept ?? password) != nil else {
            return
        }
        print(
            """
            The operator's account has been made.
              login:             \(login)
              one-time password: \(kept ?? password)
            Log in at \(configuration.publicURL), or with `weir login`, and choose a password of your own.
            """)
        fflush(nil)
    }
}

extension WeirError {
    static func definitionsMissing() -> WeirError {
        WeirError(
            "definitions_missing", .unavailable, subject: "images", rule: "IMG-01",
            LocalizedText("The folder Images with the definitions is not beside the program.", zh: "找不到镜像定义目录 Images。"),
            remedy: LocalizedText(
                "Install it to /usr/share/weir/Images, or start the program from its source tree.",
                zh: "请将其安装到 /usr/share/weir/Images，或从源码目录启动程序。"))
    }
}
