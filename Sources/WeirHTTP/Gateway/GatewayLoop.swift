import NIOCore
import WeirModel
import WeirPlatform

/// What the gateway holds on one event loop; never touched from elsewhere, so nothing in it is locked.
final class GatewayLoop {
    let eventLoop: any EventLoop
    let core: GatewayCore
    let pool: UpstreamPool
    /// Counts up once a second: cheap to compare, and exact enough for time-outs.
    private(set) var second = 0
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: any SweptConnection] = [:]
    private var passes: [String: EntryTokens.Pass] = [:]
    private var ticking: RepeatedTask?
    private var drained: EventLoopPromise<Void>?
    private let mostConnections: Int

    init(_ eventLoop: any EventLoop, core: GatewayCore, loopCount: Int) {
        self.eventLoop = eventLoop
        self.core = core
        pool = UpstreamPool(eventLoop, settings: core.settings)
        mostConnections = max(1, core.settings.mostConnections / loopCount)
    }

    func start() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticking = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            bound.value.tick()
        }
    }

    private func tick() {
        second += 1
        pool.sweep(second: second)
        for connection in Array(connections.values) { connection.sweep() }
    }

    // MARK: Connections

    /// False when there are as many as there may be.
    func admit(_ connection: any SweptConnection) -> Bool {
        guard connections.count < mostConnections, !isDraining else { return false }
        connections[ObjectIdentifier(connection)] = connection
        return true
    }

    func leave(_ connection: any SweptConnection) {
        connections.removeValue(forKey: ObjectIdentifier(connection))
        if connections.isEmpty { endDraining() }
    }

    /// Lets requests under way end within the time given, and takes no new ones.
    func drain(within time: Duration) -> EventLoopFuture<Void> {
        if let drained { return drained.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        drained = promise
        isDraining = true
        for connection in Array(connections.values) { connection.sweep() }
        if connections.isEmpty {
            endDraining()
        } else {
            let bound = NIOLoopBound(self, eventLoop: eventLoop)
            let deadline = eventLoop.scheduleTask(in: TimeAmount(time)) {
                for connection in Array(bound.value.connections.values) { connection.cut() }
                bound.value.endDraining()
            }
            promise.futureResult.whenComplete { _ in deadline.cancel() }
        }
        return promise.futureResult
    }

    private func endDraining() {
        guard let promise = drained, let ticking else { return }
        self.ticking = nil
        ticking.cancel()
        pool.closeAll()
        promise.succeed()
    }

    // MARK: Passes

    /// What the cookie stands for. The signature of a cookie that was seen before is not computed again.
    func pass(ofCookie cookie: String) -> EntryTokens.Pass? {
        if let known = passes[cookie] { return known.expiry > core.clock.now() ? known : nil }
        guard let pass = core.tokens.pass(ofCookie: cookie) else { return nil }
        if passes.count >= 1024 { passes.removeAll(keepingCapacity: true) }
        passes[cookie] = pass
        return pass
    }
}
