import Foundation
public import WeirModel
import WeirStore

/// Writes out what was wanted in a month, when and for how long, as `weir simulate --history` reads it: part by part, however long it is.
///
/// A run belongs to the month in which it began to wait. What never ran is left out.
public struct QueueHistory: Sendable {
    static let part = 500

    public let month: BillMonth
    let store: Store
    let span: Range<Timestamp>
    let nodes: [Node]
    let weights: [String: Int]

    /// `weir-history-2026-10.json`.
    public var fileName: String { "weir-history-\(month).json" }

    /// Calls `write` with one part after the other; one part is held in memory at a time.
    public func write(_ write: ([UInt8]) async throws -> Void) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
        try await write(Array("{\"nodes\":\(text(nodes)),\"weights\":\(text(weights)),\"runs\":[\n".utf8))
        var place: QueuedRun.Place?
        while true {
            try Task.checkCancellation()
            let (span, after) = (span, place)
            let runs = try await store.read { try $0.queuedRuns(in: span, after: after, limit: Self.part) }
            var bytes: [UInt8] = []
            for (position, run) in runs.enumerated() {
                if place != nil || position > 0 { bytes.append(contentsOf: ",\n".utf8) }
                bytes.append(contentsOf: try encoder.encode(SimulationHistory.Run(run)))
            }
            if !bytes.isEmpty { try await write(bytes) }
            guard runs.count == Self.part, let last = runs.last else { break }
            place = last.place
        }
        try await write(Array("\n]}\n".utf8))
    }
}

extension SimulationHistory.Run {
    init(_ run: QueuedRun) {
        self.init(
            name: run.name, workspace: run.workspace, account: run.account, flavor: run.flavor.name,
            priority: run.spec.priority ?? .normal, demand: run.flavor.demand, instances: run.replicas, queuedAt: run.place.queuedAt,
            seconds: run.end.map { max(0, Int(($0 - run.start).milliseconds / 1000)) }, limit: run.spec.runLimit,
            preemptible: run.flavor.isPreemptible)
    }
}

extension WorkloadQueue {
    /// What was wanted of the zone in a month of the installation's time zone, with the nodes as they are now.
    /// - Parameter month: this month when it is nil.
    public func history(of month: BillMonth?, by caller: Caller) async throws -> QueueHistory {
        try caller.requireOperator()
        let month = try month ?? calendar.month(of: clock.now())
        let first = try calendar.bounds(of: BillDay(month: month, day: 1)).lowerBound
        let weights = try await store.read { try $0.workspaceWeights() }
        return QueueHistory(
            month: month, store: store, span: try calendar.monthBounds(around: first), nodes: try await zones.nodes(), weights: weights)
    }
}
