import CLibSSH
import Foundation
public import Logging
public import ServiceLifecycle
import WeirEngine
import WeirModel
public import WeirPlatform

/// The way in by SSH and SFTP: one port, a thread for each connection.
public struct SSHGateway: Service {
    private let core: GatewayCore
    private let signals: WorkloadSignals
    private let routes: RouteTable
    private let listener: Listener

    /// Binds the port. Throws `ssh_not_bound`, `host_key_broken`.
    public init(settings: SSHGatewaySettings, keys: HostKeys, platform: Platform, logger: Logger) throws {
        core = GatewayCore(
            settings: settings, access: platform.sshAccess, entrance: platform.sshEntrance, activity: platform.routes.activity,
            logger: logger)
        signals = platform.signals
        routes = platform.routes
        listener = try Listener(settings: settings, keys: keys, core: core)
    }

    /// The port that it listens on.
    public var port: Int { listener.port }

    /// Serves until it is cancelled or shut down gracefully; then every session is told so and ends.
    public func run() async throws {
        let (core, listener) = (core, listener)
        listener.start()
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.watch() }
                await core.questions.answerAll()
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            listener.stop()
            core.live.endAll(with: .sshShutDown()) { core.questions.close() }
        }
        await listener.untilStopped()
    }

    /// Looks again at who may stay: when a workload or a member has changed, and now and then for what is being uploaded.
    private func watch() async {
        let workloads = signals.changes(in: nil)
        let members = routes.memberChanges()
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in workloads { await core.checkAll() } }
            group.addTask { for await _ in members { await core.checkAll() } }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(5))) != nil { await core.checkAll() }
            }
            group.addTask { await core.countAgainAndAgain() }
        }
    }
}

/// What every connection needs of the gateway.
struct GatewayCore: Sendable {
    let settings: SSHGatewaySettings
    let access: SSHAccess
    let entrance: SSHEntrance
    let activity: WorkloadActivity
    let logger: Logger
    let questions = Questions()
    let live = LiveSessions()
    let limits: SourceLimits
    let turns = GitTurns()

    init(settings: SSHGatewaySettings, access: SSHAccess, entrance: SSHEntrance, activity: WorkloadActivity, logger: Logger) {
        self.settings = settings
        self.access = access
        self.entrance = entrance
        self.activity = activity
        self.logger = logger
        limits = SourceLimits(settings)
    }

    /// Counts what is kept where a session has brought as much as there was room for, and ends it when there is none (QUO-03).
    func countAgainAndAgain() async {
        await withDiscardingTaskGroup { group in
            while (try? await Task.sleep(for: Self.countingPause)) != nil {
                for session in live.all {
                    guard let identity = session.beginCounting() else { continue }
                    group.addTask { await count(session, identity) }
                }
            }
            group.cancelAll()
        }
    }

    private static let countingPause = Duration.seconds(1)

    private func count(_ session: LiveSession, _ identity: SSHIdentity) async {
        let begun = ContinuousClock.now
        do {
            session.counted(try await entrance.room(of: identity), since: begun)
        } catch let error as WeirError {
            session.end(with: error)
        } catch {
            if !Task.isCancelled { logger.error("a session's folder could not be counted", metadata: ["error": "\(error)"]) }
            session.counted(nil, since: begun)
        }
    }

    /// Ends the sessions of those who may not stay, and the forwarded connections that their workspace does not allow any more.
    func checkAll() async {
        for session in live.all {
            guard let identity = session.identity else { continue }
            do {
                try await entrance.check(identity, isWriting: session.isWriting)
                if session.forwarding != nil { session.hold(to: try await entrance.forwarding(of: identity)) }
            } catch let error as WeirError {
                session.end(with: error)
            } catch is CancellationError {
                return
            } catch {
                logger.error("a session could not be checked", metadata: ["error": "\(error)"])
            }
        }
    }
}
