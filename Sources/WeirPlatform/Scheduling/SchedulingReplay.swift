import Foundation
public import WeirModel
import WeirStore

/// What came of making all recorded decisions again.
public struct SchedulingReplay: Hashable, Sendable {
    /// Decisions that came out as they are on the record.
    public var decisions: Int
    /// Lines of the record that were gone through.
    public var lines: Int
    /// The first that came out otherwise; nil when all are the same.
    public var difference: Difference?

    public struct Difference: Hashable, Sendable {
        /// The line of the record.
        public var line: Int64
        public var at: Timestamp
        public var recorded: [SchedulingDecision]
        public var made: [SchedulingDecision]
    }
}

extension WorkloadQueue {
    private static let portion = 200

    /// Makes every decision on the record again from what the queue was told: who started when, and why, can be held against the policy.
    public func replay(by caller: Caller) async throws -> SchedulingReplay {
        try caller.requireOperator()
        var replay = SchedulingReplay(decisions: 0, lines: 0)
        var scheduler: Scheduler?
        var last: Int64 = 0
        while true {
            try Task.checkCancellation()
            let after = last
            let lines = try await store.read { try $0.schedulingRecords(after: after, limit: Self.portion) }
            for line in lines {
                let data = Data(line.document.utf8)
                replay.lines += 1
                switch line.kind {
                case .snapshot: scheduler = Scheduler(try JSONDecoder().decode(SchedulerSnapshot.self, from: data))
                case .turn:
                    guard var current = scheduler else { continue }
                    let (decisions, difference) = try JSONDecoder().decode(SchedulingTurn.self, from: data).replay(on: &current)
                    replay.decisions += decisions
                    if let difference {
                        replay.difference = SchedulingReplay.Difference(
                            line: line.sequence, at: difference.at ?? line.at, recorded: difference.recorded, made: difference.made)
                        return replay
                    }
                    scheduler = current
                }
            }
            guard lines.count == Self.portion, let end = lines.last else { return replay }
            last = end.sequence
        }
    }
}
