import Foundation
import GRDB
public import WeirModel

/// The time zone by whose midnight months end, from an entry on: a later change does not move what was entered.
public struct BillingZone: Hashable, Sendable, Codable {
    /// The first entry that may have been made under it.
    public let from: Int64
    public let zone: String
}

extension Reading {
    /// The oldest first.
    public func billingZones() throws -> [BillingZone] {
        guard let text = try setting(Writing.zonesKey) else { return [] }
        return try JSONDecoder().decode([BillingZone].self, from: Data(text.utf8))
    }

    /// Workspaces that were never given what a new one gets: those from before billing. The first `limit`.
    public func workspacesWithoutStartingGrant(limit: Int = 500) throws -> [Identifier<Workspace>] {
        try Identifier<Workspace>.fetchAll(
            db,
            sql: """
                SELECT id FROM workspace
                WHERE NOT EXISTS (SELECT 1 FROM ledger_entry WHERE key = 'grant/start/' || workspace.id) LIMIT ?
                """, arguments: [limit])
    }
}

extension Writing {
    static let zonesKey = "billing.zones"

    /// Notes the time zone that entries are made under from now on.
    public func setBillingZone(_ zone: String) throws {
        var zones = try read.billingZones()
        guard zones.last?.zone != zone else { return }
        zones.append(BillingZone(from: try read.ledgerHead().sequence + 1, zone: zone))
        try setSetting(Self.zonesKey, to: jsonText(zones))
    }
}

extension Posting {
    /// What a new workspace gets, once.
    public static func startingGrant(_ amount: Points, to workspace: Identifier<Workspace>) -> Posting {
        Posting(workspace: workspace, kind: .grant, counter: .grants, amount: amount, key: "grant/start/\(workspace)")
    }
}
