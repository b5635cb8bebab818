import Logging
import NIOCore
import ServiceLifecycle
import WeirPlatform

/// Keeps exactly the external ports open that the route table names (INF-04).
struct PortListeners {
    let listener: Listener
    let routes: RouteTable
    let onEvent: @Sendable (GatewayServer.Event) -> Void
    let logger: Logger

    private static let retryTime = Duration.seconds(2)

    /// Until cancelled or shut down; all ports are closed then.
    func run() async {
        // One signal that waits is enough: what is wanted is read when its turn comes.
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in routes.portChanges().cancelOnGracefulShutdown() { signal.yield() }
                signal.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.retryTime)) != nil { signal.yield() }
            }
            await follow(signals)
            group.cancelAll()
        }
    }

    private func follow(_ signals: AsyncStream<Void>) async {
        var open: [Int: any Channel] = [:]
        var failed: Set<Int> = []
        for await _ in signals {
            let wanted = routes.portNumbers
            for (number, channel) in open where !wanted.contains(number) {
                open[number] = nil
                try? await channel.close()
                logger.info("external port closed", metadata: ["port": "\(number)"])
                onEvent(.closed(port: number))
            }
            failed.formIntersection(wanted)
            for number in wanted.subtracting(open.keys).sorted() {
                do {
                    open[number] = try await listener.open(.port(number), port: number)
                    failed.remove(number)
                    logger.info("external port open", metadata: ["port": "\(number)"])
                    onEvent(.opened(port: number))
                } catch {
                    guard failed.insert(number).inserted else { continue }
                    logger.error(
                        "external port cannot be opened", metadata: ["port": "\(number)", "error": "\(error)"])
                    onEvent(.failed(port: number, reason: "\(error)"))
                }
            }
        }
        for channel in open.values { try? await channel.close() }
    }
}
