import Logging
public import ServiceLifecycle
import WeirModel
import WeirStore

/// Writes down when each run that has to wait is expected to start, so that forecasts can be scored by what came (DEV-26).
///
/// A forecast plays the queue forward, which takes a while with a long queue; so it is made beside the decisions, never before one.
public struct Forecasts: Service {
    /// After a forecast there is a pause of so many times as long as it took: at most a tenth of a core goes into forecasts.
    static let pause = 9

    let store: Store
    let clock: any WallClock
    let dispatcher: Dispatcher
    let logger: Logger

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in dispatcher.startsToWait {
                let begin = ContinuousClock.now
                do {
                    try await write()
                } catch {
                    logger.error("forecasts could not be written", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: (ContinuousClock.now - begin) * Self.pause) } catch { return }
            }
        }
    }

    func write() async throws {
        let runs = await dispatcher.runsWithoutForecast()
        guard !runs.isEmpty else { return }
        let now = clock.now()
        let forecasts = await dispatcher.view().forecasts(at: now, most: Scheduler.mostForecast)
        let records = runs.compactMap { id, run in
            forecasts[id].map {
                StartForecastRecord(workload: id, run: run, madeAt: now, low: $0.low, median: $0.median, high: $0.high)
            }
        }
        guard !records.isEmpty else { return }
        try await store.write { db in
            for record in records { try db.insert(record) }
        }
    }
}

/// The queue at one moment, to be looked at beside the decisions that go on.
struct QueueView: Sendable {
    let scheduler: Scheduler
    let lengths: RunLengths
    /// What waits for money has no place.
    let withheld: [Identifier<Workload>: Withheld]

    func forecasts(at now: Timestamp, most: Int) async -> [Identifier<Workload>: StartForecast] {
        scheduler.forecasts(at: now, lengths: lengths, most: most)
    }

    func explanation(
        of id: Identifier<Workload>, at now: Timestamp, viewer: Identifier<Account>, alternatives: [WaitExplanation.Alternative]
    ) async -> WaitExplanation? {
        scheduler.explanation(of: id, at: now, lengths: lengths, viewer: viewer, alternatives: alternatives)
    }
}

extension Dispatcher {
    func view() -> QueueView {
        let lengths = lengths ?? RunLengths(finished)
        self.lengths = lengths
        return QueueView(scheduler: scheduler, lengths: lengths, withheld: withheld)
    }

    /// Those that have begun to wait since this was asked last.
    func runsWithoutForecast() -> [(Identifier<Workload>, run: Int)] {
        let new = known.filter { $0.value.phase == .queued && $0.value.reason != nil && !$0.value.isForecast }
        for id in new.keys { known[id]?.isForecast = true }
        return new.map { ($0.key, $0.value.entry.run) }
    }
}
