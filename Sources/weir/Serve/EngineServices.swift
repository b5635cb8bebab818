import Logging
import NIOPosix
import ServiceLifecycle
import WeirEngine
import WeirStore

/// Follows the engine's events for as long as Weir runs.
struct EngineService: Service {
    let engine: PodmanEngine

    func run() async throws {
        await cancelWhenGracefulShutdown { await engine.run() }
    }
}

/// Keeps the disk from being filled, and sets space aside for the database again when there is some.
struct DiskKeeper: Service {
    let watch: DiskWatch
    let store: Store
    let threads: NIOThreadPool

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await watch.run() }
                group.addTask {
                    while (try? await Task.sleep(for: .seconds(10))) != nil {
                        try? await threads.runIfActive { store.restoreReserve() }
                    }
                }
            }
        }
    }
}

/// Starts Podman's service again when it has ended; containers live without it.
struct PodmanKeeper: Service {
    let service: PodmanService
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(5)) } catch { return }
                await tryOnce()
            }
        }
    }

    func tryOnce() async {
        do {
            _ = try await service.ensure()
        } catch is CancellationError {
            return
        } catch {
            logger.error("Podman does not answer; run `weir doctor`", metadata: ["error": "\(error)"])
        }
    }
}
