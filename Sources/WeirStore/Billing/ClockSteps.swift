import Foundation
import GRDB
public import WeirModel

/// What the clocks said at a glance.
public struct ClockGlance: Hashable, Sendable, Codable {
    public let wall: Timestamp
    public let steady: SteadyTime
    /// The last transition by then: what began to run later began under the clock as it was set later.
    public let transition: Int64

    public init(wall: Timestamp, steady: SteadyTime, transition: Int64) {
        self.wall = wall
        self.steady = steady
        self.transition = transition
    }
}

extension Writing {
    private static let glanceKey = "billing.clock"

    /// Looks whether the clock was set since the last glance, and notes by how much with all that has been running since before: an
    /// end is dated by that (X03). Returns the step; nil when there was none, or when it cannot be known since the machine was booted.
    ///
    /// Of what began since the last glance only that is moved whose start cannot lie behind the step.
    /// - Parameter least: a smaller difference is the clock being kept right.
    public func noteClock(wall now: Timestamp, steady: SteadyTime, least: Duration) throws -> Duration? {
        let before = try read.setting(Self.glanceKey).map { try JSONDecoder().decode(ClockGlance.self, from: Data($0.utf8)) }
        try setSetting(
            Self.glanceKey, to: jsonText(ClockGlance(wall: now, steady: steady, transition: try read.lastTransition())))
        guard let before, before.steady.epoch == steady.epoch else { return nil }
        let step = (now - before.wall).milliseconds - (steady.milliseconds - before.steady.milliseconds)
        guard step.magnitude >= least.milliseconds.magnitude else { return nil }
        try db.execute(
            sql: """
                UPDATE run SET clock_steps = clock_steps + ?
                WHERE running_at IS NOT NULL AND price IS NOT NULL AND settled_at IS NULL AND ended_at IS NULL
                AND (running_at NOT BETWEEN ? AND ? OR NOT EXISTS (
                    SELECT 1 FROM transition WHERE transition.workload = run.workload AND transition.run = run.number
                    AND transition.state = 'running' AND transition.sequence > ?))
                """, arguments: [step, before.wall + .milliseconds(step), now, before.transition])
        return .milliseconds(step)
    }
}

extension Reading {
    /// By how much the clock was set while a run went on.
    func clockSteps(of workload: Identifier<Workload>, run: Int) throws -> Duration {
        .milliseconds(
            try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT clock_steps FROM run WHERE workload = ? AND number = ?"), arguments: [workload, run])
                ?? 0)
    }
}
