import Logging
import WeirModel
import WeirStore

/// Notices when the clock of the host is set: the engine's times are read from it, and a run must neither lose what it ran nor be
/// charged for what it did not (X03).
struct ClockWatch: Sendable {
    /// Time servers keep a clock right by less.
    static let least = Duration.seconds(2)

    let store: Store
    let clock: any WallClock
    let logger: Logger

    /// A run that begins or ends between a step and the next glance is dated by the clock as it is.
    func glance() async throws {
        let (now, steady) = (clock.now(), clock.steady())
        let step = try await store.write { try $0.noteClock(wall: now, steady: steady, least: Self.least) }
        if let step { logger.warning("the clock was set; what runs is charged by the time that passed", metadata: ["step": "\(step)"]) }
    }
}
