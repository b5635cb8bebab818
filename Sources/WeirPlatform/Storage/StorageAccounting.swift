import Logging
public import WeirModel
import WeirStore

/// Keeps the figure of every unit of storage true by measuring again what may have changed, and nothing else (BIL-12).
public struct StorageAccounting: Sendable {
    /// Walks that run at the same time.
    static let mostAtOnce = 2
    /// Figures that are written in one transaction.
    static let mostAtOnceWritten = 200
    /// Units that one round takes; the rest comes in the next.
    static let mostInRound = 100_000
    /// What one walk may take, so that no folder keeps the others waiting. One that is larger counts as far as the walk came.
    static let longestWalk = Duration.seconds(300)

    let store: Store
    let files: FileStore
    let clock: any WallClock
    let marks: StorageMarks
    let logger: Logger

    /// Measures what may have changed since it was measured last, until `limit` is over; what is left keeps its figure until the next
    /// round. Gives how many units were measured.
    @discardableResult
    public func measureChanged(within limit: Duration = .seconds(600)) async throws -> Int {
        try await measure(try await store.read { try $0.storageUnitsChanged(most: Self.mostInRound) }, within: limit)
    }

    /// The same of one workspace.
    func measureChanged(in workspace: Identifier<Workspace>, within limit: Duration) async throws {
        try await measure(
            try await store.read { try $0.storageUnitsChanged(in: workspace, most: Self.mostInRound) }, within: limit)
    }

    @discardableResult
    private func measure(_ units: [StorageUnit], within limit: Duration) async throws -> Int {
        let deadline = ContinuousClock.now + limit
        return try await withThrowingTaskGroup(of: Measured?.self) { group in
            var waiting = units.makeIterator()
            var count = 0
            var figures: [Measured] = []
            func begin() {
                guard ContinuousClock.now < deadline, !Task.isCancelled, let unit = waiting.next() else { return }
                group.addTask { await tryToMeasure(unit) }
            }
            for _ in 0..<Self.mostAtOnce { begin() }
            for try await figure in group {
                if let figure { figures.append(figure) }
                begin()
                guard figures.count >= Self.mostAtOnceWritten else { continue }
                try await write(figures)
                count += figures.count
                figures = []
            }
            try await write(figures)
            return count + figures.count
        }
    }

    /// One folder that cannot be read must not keep all others from being counted.
    private func tryToMeasure(_ unit: StorageUnit) async -> Measured? {
        do {
            return try await measured(unit)
        } catch {
            if !Task.isCancelled {
                logger.error("a folder could not be measured", metadata: ["unit": "\(unit)", "error": "\(error)"])
            }
            return nil
        }
    }

    /// Measures one unit, changed or not.
    public func measure(_ unit: StorageUnit) async throws {
        if let figure = try await measured(unit) { try await write([figure]) }
    }

    /// A figure that is not written down yet. However late it is: what changed after the walk began has moved the count on.
    private struct Measured: Sendable {
        let unit: StorageUnit
        let weight: FolderWeight
        /// The count that it stands for; nil when something was writing meanwhile.
        let changes: Int64?
        /// The bytes that had been expected before the walk began.
        let expected: Bytes
        let at: Timestamp
    }

    private func write(_ figures: [Measured]) async throws {
        guard !figures.isEmpty else { return }
        try await store.write { db in
            for figure in figures {
                try db.setMeasured(
                    figure.unit, bytes: Bytes(figure.weight.bytes), files: figure.weight.files, changes: figure.changes,
                    expected: figure.expected, uploads: figure.weight.uploads, at: figure.at)
            }
        }
    }

    /// Nil when the unit was deleted.
    private func measured(_ unit: StorageUnit) async throws -> Measured? {
        let isChanging = marks.beginMeasuring(unit)
        let plan: StorageUnitPlan
        let weight: FolderWeight
        do {
            // The count is read before the walk: what changes after it counts it up.
            guard let found = try await store.read({ try $0.storagePlan(of: unit) }) else {
                _ = marks.endMeasuring(unit, isStill: false)
                return nil
            }
            plan = found
            weight = try await weigh(plan)
        } catch {
            _ = marks.endMeasuring(unit, isStill: false)
            throw error
        }
        let isStill = !isChanging && !plan.isWritten && weight.isWhole
        if !weight.isWhole { logger.warning("a folder is too large to be counted whole", metadata: ["unit": "\(unit)"]) }
        let wasChanged = marks.endMeasuring(unit, isStill: isStill)
        return Measured(
            unit: unit, weight: weight, changes: isStill && !wasChanged ? plan.record.changes : nil, expected: plan.record.expected,
            at: clock.now())
    }

    /// What a unit takes beside `part` of it; nothing where one of the two could not be counted whole.
    func difference(_ plan: StorageUnitPlan, _ part: FolderWeight) async throws -> Bytes {
        let whole = try await weigh(plan)
        return whole.isWhole && part.isWhole ? Bytes(whole.bytes - part.bytes) : 0
    }

    /// The space that one more tree would take in a unit: content that is the same in both takes its space once.
    func rise(of unit: StorageUnit, in workspace: Identifier<Workspace>, with tree: TreeName) async throws -> Bytes {
        let plan = try await store.read { try $0.storagePlan(of: unit) }
        guard let plan else { return Bytes(try await files.weigh([.tree(tree, in: workspace)]).bytes) }
        let before = try await weigh(plan)
        return Bytes(max(0, try await weigh(plan, with: tree).bytes - before.bytes))
    }

    func weigh(_ plan: StorageUnitPlan, without tree: TreeName? = nil, with new: TreeName? = nil) async throws -> FolderWeight {
        let workspace = plan.record.workspace
        let uploads = plan.uploads.map { StoredUpload($0, in: workspace) }
        let trees = (plan.trees.filter { $0 != tree } + (new.map { [$0] } ?? [])).map { StoredFolder.tree($0, in: workspace) }
        let folders: [StoredFolder] =
            switch plan.record.unit {
            case .code(let project): [.code(project, in: workspace)]
            case .frozen: trees
            case .output(let project): [.output(project, in: workspace)]
            case .result(let workload): plan.record.project.map { [.workloadOutput(workload, of: $0, in: workspace)] } ?? []
            case .home(let account): [.home(account)]
            case .netdisk(let account): [.netdisk(account)]
            case .sharedHome(let workspace): [.sharedHome(workspace)]
            case .sharedNetdisk(let workspace): [.sharedNetdisk(workspace)]
            case .asset(let asset): trees + [.draft(asset, in: workspace)]
            }
        return try await files.weigh(folders, uploads: uploads, within: Self.longestWalk)
    }
}
