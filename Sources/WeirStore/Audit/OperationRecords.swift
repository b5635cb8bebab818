import GRDB
public import WeirModel

/// Something that a person did, or that happened to the money, in a workspace (ADM-04).
public enum OperationRecord: Hashable, Sendable {
    case workload(TransitionRecord, kind: WorkloadKind, name: String)
    case quota(RuleChange)
    case money(LedgerEntry)

    public enum Kind: String, CaseIterable, Sendable {
        case workload, quota, money
    }

    public var at: Timestamp {
        switch self {
        case .workload(let transition, _, _): transition.at
        case .quota(let change): change.at
        case .money(let entry): entry.at
        }
    }

    public var actor: Identifier<Account>? {
        switch self {
        case .workload(let transition, _, _): transition.actor
        case .quota(let change): change.actor
        case .money(let entry): entry.actor
        }
    }
}

/// How far each of the tables has been read, in their own counting.
private struct OperationPlace {
    var places: [OperationRecord.Kind: Int64]

    init(_ text: String?) {
        let numbers = text?.split(separator: ".").map { Int64($0) ?? .max } ?? []
        places = Dictionary(uniqueKeysWithValues: zip(OperationRecord.Kind.allCases, numbers + [.max, .max, .max]))
    }

    subscript(kind: OperationRecord.Kind) -> Int64 {
        get { places[kind] ?? .max }
        set { places[kind] = newValue }
    }

    var text: String { OperationRecord.Kind.allCases.map { String(self[$0]) }.joined(separator: ".") }
}

extension Reading {
    /// What was done in a workspace, the newest first: of each table no more than a part is read, and the parts are put together.
    public func operations(
        in workspace: Identifier<Workspace>, of kind: OperationRecord.Kind?, by actor: Identifier<Account>? = nil, _ page: PageRequest
    ) throws -> Page<OperationRecord> {
        var place = OperationPlace(page.after)
        var sources: [(kind: OperationRecord.Kind, rest: ArraySlice<(Int64, OperationRecord)>)] = []
        let most = page.limit + 1
        for source in OperationRecord.Kind.allCases where kind == nil || kind == source {
            let found =
                switch source {
                case .workload: try startsAndStops(in: workspace, by: actor, before: place[source], most)
                case .quota: try allowanceChanges(in: workspace, by: actor, before: place[source], most)
                case .money: try payments(in: workspace, by: actor, before: place[source], most)
                }
            sources.append((source, found[...]))
        }
        var items: [OperationRecord] = []
        while items.count < page.limit {
            let newest = sources.indices.filter { !sources[$0].rest.isEmpty }.max { a, b in
                (sources[a].rest.first?.1.at.milliseconds ?? 0) < (sources[b].rest.first?.1.at.milliseconds ?? 0)
            }
            guard let newest, let (sequence, record) = sources[newest].rest.popFirst() else { break }
            place[sources[newest].kind] = sequence
            items.append(record)
        }
        return Page(items: items, next: sources.contains { !$0.rest.isEmpty } ? place.text : nil)
    }

    private func startsAndStops(
        in workspace: Identifier<Workspace>, by actor: Identifier<Account>?, before sequence: Int64, _ most: Int
    ) throws -> [(Int64, OperationRecord)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT transition.*, workload.kind AS workload_kind, workload.name AS workload_name
                    FROM transition INDEXED BY transition_workspace JOIN workload ON workload.id = transition.workload
                    WHERE transition.workspace = ? AND sequence < ? AND actor IS NOT NULL AND actor = coalesce(?, actor) ORDER BY sequence DESC LIMIT ?
                    """), arguments: [workspace, sequence, actor, most]
        ).map { row in
            let transition = try TransitionRecord(row)
            return (transition.sequence, .workload(transition, kind: try row.raw("workload_kind"), name: row["workload_name"]))
        }
    }

    private func allowanceChanges(
        in workspace: Identifier<Workspace>, by actor: Identifier<Account>?, before sequence: Int64, _ most: Int
    ) throws -> [(Int64, OperationRecord)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql:
                    "SELECT * FROM rule_change WHERE workspace = ?1 AND sequence < ?2 AND (?3 IS NULL OR actor = ?3) ORDER BY sequence DESC LIMIT ?4"
            ),
            arguments: [workspace, sequence, actor, most]
        ).map(RuleChange.init).map { ($0.sequence, .quota($0)) }
    }

    /// All but charges, which nobody makes and of which there are many.
    private func payments(
        in workspace: Identifier<Workspace>, by actor: Identifier<Account>?, before sequence: Int64, _ most: Int
    ) throws -> [(Int64, OperationRecord)] {
        try EntryKind.allCases.filter { $0 != .charge }.flatMap { kind in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM ledger_entry WHERE workspace = ?1 AND kind = ?2 AND kind <> 'charge' AND sequence < ?3
                            AND (?4 IS NULL OR actor = ?4) ORDER BY sequence DESC LIMIT ?5
                        """), arguments: [workspace, kind.rawValue, sequence, actor, most]
            ).map(LedgerEntry.init)
        }
        .sorted { $0.sequence > $1.sequence }.prefix(most).map { ($0.sequence, .money($0)) }
    }
}
