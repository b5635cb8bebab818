import Synchronization
import WeirModel
import WeirStore

/// A unit of storage, with those for whom new content of it counts.
struct StoragePlace: Hashable, Sendable {
    let unit: StorageUnit
    let workspace: Identifier<Workspace>
    /// The person for whose quota it counts, as it does when it is measured: the keeper of an asset; nil for code, which counts for nobody's.
    let account: Identifier<Account>?
    /// The person who brings it, and is told why it is refused.
    let caller: Identifier<Account>
}

/// The bytes that are on their way and in no figure yet. Each way in but SFTP, rsync and git, which write by themselves, holds here what it
/// is going to take before it takes it, so that however many come at once, no quota is passed (QUO-03, STO-11).
///
/// A hold is added before the figures are read, and what it brought is written into them before it ends: whoever comes later sees the
/// one or the other, and for a moment both.
final class StorageReservations: Sendable {
    /// The bytes that one of unknown size holds ahead, where there is room for them.
    static let step = Bytes.mib(8)
    /// A full workspace is counted anew before somebody is refused, for what was deleted since; so long at the most.
    static let longestCount = Duration.seconds(10)

    fileprivate struct State {
        var held: [UInt64: (place: StoragePlace, bytes: Bytes)] = [:]
        var next: UInt64 = 0
        var counting: Set<Identifier<Workspace>> = []
    }

    private let state = Mutex(State())
    private let store: Store
    private let accounting: StorageAccounting

    init(store: Store, accounting: StorageAccounting) {
        self.store = store
        self.accounting = accounting
    }

    /// Runs `body`, which says to its hold how much it takes before it does; what is held at its end is counted from then on.
    func holding<Result: Sendable>(
        _ place: StoragePlace, _ body: (StorageHold) async throws -> Result
    ) async throws -> Result {
        let number = state.withLock { state in
            state.next += 1
            state.held[state.next] = (place, 0)
            return state.next
        }
        let hold = StorageHold(number: number, place: place, reservations: self)
        defer { _ = state.withLock { $0.held.removeValue(forKey: number) } }
        let result = try await body(hold)
        let brought = hold.bytes
        if brought > 0 { try await store.write { try $0.expect(brought, in: place.unit) } }
        return result
    }

    /// The bytes that all hold, of a workspace and of a person in it.
    func held(in workspace: Identifier<Workspace>, by account: Identifier<Account>?) -> (workspace: Bytes, person: Bytes) {
        state.withLock { $0.sum(in: workspace, by: account) }
    }

    fileprivate func bytes(of number: UInt64) -> Bytes { state.withLock { $0.held[number]?.bytes ?? 0 } }

    fileprivate func set(_ bytes: Bytes, for number: UInt64) {
        state.withLock { $0.held[number]?.bytes = bytes }
    }

    /// Throws `storage_quota`; then as much is held as before.
    fileprivate func grow(_ number: UInt64, by bytes: Bytes) async throws {
        guard let added = add(bytes, to: number) else { return }
        do {
            try await store.read { try added.check($0) }
        } catch {
            add(0 - bytes, to: number)
            throw error
        }
    }

    /// The same for a thread that may be held.
    fileprivate func growNow(_ number: UInt64, by bytes: Bytes) throws {
        guard let added = add(bytes, to: number) else { return }
        do {
            try store.readBlocking { try added.check($0) }
        } catch {
            add(0 - bytes, to: number)
            throw error
        }
    }

    /// Bytes that are held, with all that was held before them: whoever comes later sees them, and of two that do not both fit, the later
    /// is refused.
    private struct Added: Sendable {
        let place: StoragePlace
        let bytes: Bytes
        let before: (workspace: Bytes, person: Bytes)

        func check(_ db: Reading) throws {
            try db.requireStorage(at: place, adding: bytes, held: before)
        }
    }

    @discardableResult
    private func add(_ bytes: Bytes, to number: UInt64) -> Added? {
        state.withLock { state -> Added? in
            guard bytes != 0, let hold = state.held[number] else { return nil }
            let before = state.sum(in: hold.place.workspace, by: hold.place.account)
            state.held[number]?.bytes += bytes
            return Added(place: hold.place, bytes: bytes, before: before)
        }
    }

    /// Counts anew what may have changed in a workspace. One count at a time: whoever comes meanwhile does without.
    func count(_ workspace: Identifier<Workspace>) async throws {
        guard state.withLock({ $0.counting.insert(workspace).inserted }) else { return }
        defer { _ = state.withLock { $0.counting.remove(workspace) } }
        try await accounting.measureChanged(in: workspace, within: Self.longestCount)
    }

    func rise(of unit: StorageUnit, in workspace: Identifier<Workspace>, with tree: TreeName) async throws -> Bytes {
        try await accounting.rise(of: unit, in: workspace, with: tree)
    }

    /// A full quota lets nothing of unknown size begin. Throws `storage_quota`.
    func requireRoom(at place: StoragePlace) async throws {
        try await looking(at: place.workspace) {
            let held = held(in: place.workspace, by: place.account)
            try await store.read { _ = try $0.requireStorage(at: place, held: held) }
        }
    }

    /// Looks at the figures, and again after a new count when they refuse. Throws `storage_quota`.
    func looking<Result: Sendable>(
        at workspace: Identifier<Workspace>, _ look: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await look()
        } catch let error as WeirError where error.code == WeirError.storageQuotaCode {
            try await count(workspace)
            return try await look()
        }
    }
}

extension StorageReservations.State {
    fileprivate func sum(in workspace: Identifier<Workspace>, by account: Identifier<Account>?) -> (workspace: Bytes, person: Bytes) {
        held.values.reduce(into: (workspace: Bytes(0), person: Bytes(0))) { sum, hold in
            guard hold.place.workspace == workspace else { return }
            sum.workspace += hold.bytes
            if let account, hold.place.account == account { sum.person += hold.bytes }
        }
    }
}

/// The bytes that one way in has taken and is going to take.
struct StorageHold: Sendable {
    fileprivate let number: UInt64
    let place: StoragePlace
    fileprivate let reservations: StorageReservations

    var bytes: Bytes { reservations.bytes(of: number) }

    /// For a thread that may be held. Throws `storage_quota`.
    func growNow(by bytes: Bytes) throws { try reservations.growNow(number, by: bytes) }

    /// Throws `storage_quota`, when a new count of what is kept leaves no room either.
    func grow(by bytes: Bytes) async throws {
        try await reservations.looking(at: place.workspace) { try await reservations.grow(number, by: bytes) }
    }

    /// Holds what has come so far, and some of what may follow. Throws `storage_quota`.
    func reach(_ total: Bytes) async throws {
        let held = bytes
        guard total > held else { return }
        do {
            try await reservations.grow(number, by: total - held + StorageReservations.step)
        } catch let error as WeirError where error.code == WeirError.storageQuotaCode {
            try await grow(by: total - held)
        }
    }

    /// The same for a thread that may be held; what is full is not counted anew.
    func reachNow(_ total: Bytes) throws {
        let held = bytes
        guard total > held else { return }
        do {
            try reservations.growNow(number, by: total - held + StorageReservations.step)
        } catch let error as WeirError where error.code == WeirError.storageQuotaCode {
            try reservations.growNow(number, by: total - held)
        }
    }

    /// So much it was in the end.
    func settle(at bytes: Bytes) { reservations.set(bytes, for: number) }
}
