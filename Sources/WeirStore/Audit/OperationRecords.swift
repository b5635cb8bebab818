import GRDB
public import WeirModel

/// Something that a person did, or that happened to the money, in a workspace or the installation (ADM-04).
public enum OperationRecord: Hashable, Sendable {
    case workload(TransitionRecord, kind: WorkloadKind, name: String)
    case rule(RuleChange)
    case money(LedgerEntry)
    case event(AuditEvent)

    public enum Kind: String, CaseIterable, Sendable {
        case workload, project, data, member, quota, money
        /// The installation's: who can log in, and what there is to choose from.
        case account, offer
    }

    public var at: Timestamp {
        switch self {
        case .workload(let transition, _, _): transition.at
        case .rule(let change): change.at
        case .money(let entry): entry.at
        case .event(let event): event.at
        }
    }

    public var actor: Identifier<Account>? {
        switch self {
        case .workload(let transition, _, _): transition.actor
        case .rule(let change): change.actor
        case .money(let entry): entry.actor
        case .event(let event): event.actor
        }
    }

    /// Nil for what is the installation's.
    public var workspace: Identifier<Workspace>? {
        switch self {
        case .workload(let transition, _, _): transition.workspace
        case .rule(let change): change.workspace
        case .money(let entry): entry.workspace
        case .event(let event): event.workspace
        }
    }

    public var kind: Kind {
        switch self {
        case .workload: .workload
        case .rule(let change): change.workspace == nil ? .offer : .quota
        case .money: .money
        case .event(let event): event.action.kind
        }
    }
}

/// Which records are asked for.
public struct OperationFilter: Hashable, Sendable {
    /// Nil for all workspaces, and what is none's.
    public var workspace: Identifier<Workspace>?
    public var kind: OperationRecord.Kind?
    public var actor: Identifier<Account>?
    /// Who looks: what others keep to themselves is not shown, to the operator neither (DAT-14).
    public var viewer: Identifier<Account>

    public init(
        workspace: Identifier<Workspace>? = nil, kind: OperationRecord.Kind? = nil, actor: Identifier<Account>? = nil,
        viewer: Identifier<Account>
    ) {
        self.workspace = workspace
        self.kind = kind
        self.actor = actor
        self.viewer = viewer
    }
}

/// The tables that records are put together from.
private enum OperationSource: CaseIterable {
    case transition, rule, entry, event

    func has(_ kind: OperationRecord.Kind?) -> Bool {
        guard let kind else { return true }
        switch self {
        case .transition: return kind == .workload
        case .rule: return kind == .quota || kind == .offer
        case .entry: return kind == .money
        case .event: return kind != .quota
        }
    }
}

/// How far each of the tables has been read, in their own counting.
private struct OperationPlace {
    var places: [OperationSource: Int64]

    init(_ text: String?) {
        let numbers = text?.split(separator: ".").map { Int64($0) ?? .max } ?? []
        places = Dictionary(uniqueKeysWithValues: zip(OperationSource.allCases, numbers + Array(repeating: .max, count: 4)))
    }

    subscript(source: OperationSource) -> Int64 {
        get { places[source] ?? .max }
        set { places[source] = newValue }
    }

    var text: String { OperationSource.allCases.map { String(self[$0]) }.joined(separator: ".") }
}

extension Reading {
    /// What was done, the newest first: of each table no more than a part is read, and the parts are put together.
    public func operations(_ filter: OperationFilter, _ page: PageRequest) throws -> Page<OperationRecord> {
        var place = OperationPlace(page.after)
        var sources: [(source: OperationSource, rest: ArraySlice<(Int64, OperationRecord)>)] = []
        let most = page.limit + 1
        for source in OperationSource.allCases where source.has(filter.kind) {
            let found =
                switch source {
                case .transition: try startsAndStops(filter, before: place[source], most)
                case .rule: try ruleChanges(filter, before: place[source], most)
                case .entry: try payments(filter, before: place[source], most)
                case .event: try events(filter, before: place[source], most)
                }
            sources.append((source, found[...]))
        }
        var items: [OperationRecord] = []
        while items.count < page.limit {
            let newest = sources.indices.filter { !sources[$0].rest.isEmpty }.max { a, b in
                (sources[a].rest.first?.1.at.milliseconds ?? 0) < (sources[b].rest.first?.1.at.milliseconds ?? 0)
            }
            guard let newest, let (sequence, record) = sources[newest].rest.popFirst() else { break }
            place[sources[newest].source] = sequence
            items.append(record)
        }
        return Page(items: items, next: sources.contains { !$0.rest.isEmpty } ? place.text : nil)
    }

    /// A workspace's own or all: told apart in the text of a query, so that each goes by its index.
    private func scope(_ filter: OperationFilter, of table: String) -> String {
        filter.workspace == nil ? ":workspace IS NULL" : "\(table).workspace = :workspace"
    }

    private func rows(_ sql: String, _ filter: OperationFilter, before sequence: Int64, _ most: Int) throws -> [Row] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: sql + " AND sequence < :before AND (:actor IS NULL OR actor = :actor) ORDER BY sequence DESC LIMIT :most"),
            arguments: [
                "workspace": filter.workspace, "before": sequence, "actor": filter.actor, "viewer": filter.viewer, "most": most,
            ])
    }

    private func startsAndStops(_ filter: OperationFilter, before sequence: Int64, _ most: Int) throws -> [(Int64, OperationRecord)] {
        let index = filter.workspace == nil ? "" : "INDEXED BY transition_workspace"
        return try rows(
            """
            SELECT transition.*, workload.kind AS workload_kind, workload.name AS workload_name
            FROM transition \(index) JOIN workload ON workload.id = transition.workload
            WHERE \(scope(filter, of: "transition")) AND actor IS NOT NULL
            """, filter, before: sequence, most
        ).map { row in
            let transition = try TransitionRecord(row)
            return (transition.sequence, .workload(transition, kind: try row.raw("workload_kind"), name: row["workload_name"]))
        }
    }

    private func ruleChanges(_ filter: OperationFilter, before sequence: Int64, _ most: Int) throws -> [(Int64, OperationRecord)] {
        let kind =
            switch filter.kind {
            case .quota: " AND workspace IS NOT NULL"
            case .offer: " AND workspace IS NULL"
            default: ""
            }
        return try rows("SELECT * FROM rule_change WHERE \(scope(filter, of: "rule_change"))\(kind)", filter, before: sequence, most)
            .map(RuleChange.init).map { ($0.sequence, .rule($0)) }
    }

    /// All but charges, which nobody makes and of which there are many.
    private func payments(_ filter: OperationFilter, before sequence: Int64, _ most: Int) throws -> [(Int64, OperationRecord)] {
        let parts =
            filter.workspace == nil
            ? ["SELECT * FROM ledger_entry INDEXED BY ledger_entry_paid WHERE :workspace IS NULL AND kind <> 'charge'"]
            : EntryKind.allCases.filter { $0 != .charge }.map {
                "SELECT * FROM ledger_entry WHERE workspace = :workspace AND kind = '\($0.rawValue)' AND kind <> 'charge'"
            }
        return try parts.flatMap { try rows($0, filter, before: sequence, most).map(LedgerEntry.init) }
            .sorted { $0.sequence > $1.sequence }.prefix(most).map { ($0.sequence, .money($0)) }
    }

    private func events(_ filter: OperationFilter, before sequence: Int64, _ most: Int) throws -> [(Int64, OperationRecord)] {
        let kind = filter.kind.map { " AND kind = '\($0.rawValue)'" } ?? ""
        return try rows(
            """
            SELECT * FROM audit_event WHERE \(scope(filter, of: "audit_event"))\(kind) AND NOT EXISTS (
                SELECT 1 FROM asset WHERE asset.id = subject AND visibility = 'owner' AND keeper <> :viewer)
            """, filter, before: sequence, most
        )
        .map(AuditEvent.init).map { ($0.sequence, .event($0)) }
    }
}
