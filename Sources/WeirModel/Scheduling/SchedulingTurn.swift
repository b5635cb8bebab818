/// A part of the record of a queue: what it was told, and each decision that it was asked for, in order. With the state that it began
/// from, every decision in it can be made again.
public struct SchedulingTurn: Hashable, Sendable, Codable {
    public enum Step: Hashable, Sendable, Codable {
        case told(SchedulingEvent, at: Timestamp)
        case decided([SchedulingDecision], at: Timestamp)
    }

    public var steps: [Step]
    /// Of the state after the last step.
    public var digest: UInt64

    public init(steps: [Step], digest: UInt64) {
        self.steps = steps
        self.digest = digest
    }

    /// Takes a scheduler through this turn again.
    /// - Returns: how many decisions it was asked for, and the first thing that came out otherwise than it is recorded.
    public func replay(on scheduler: inout Scheduler) -> (decisions: Int, difference: Difference?) {
        var decisions = 0
        for step in steps {
            switch step {
            case .told(let event, let now): scheduler.apply(event, at: now)
            case .decided(let recorded, let now):
                decisions += 1
                let made = scheduler.decide(at: now)
                guard made == recorded else { return (decisions, Difference(at: now, recorded: recorded, made: made)) }
            }
        }
        guard scheduler.digest == digest else { return (decisions, Difference(at: nil, recorded: [], made: [])) }
        return (decisions, nil)
    }

    /// Where a replay left the record. Without a time, all decisions were the same and the state at the end was not.
    public struct Difference: Hashable, Sendable {
        public var at: Timestamp?
        public var recorded: [SchedulingDecision]
        public var made: [SchedulingDecision]
    }
}
