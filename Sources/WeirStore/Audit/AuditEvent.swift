import GRDB
public import WeirModel

/// Something that a person did and that no other table says: it is written in the transaction that does it (ADM-04).
public struct AuditEvent: Hashable, Sendable {
    public enum Action: String, CaseIterable, Sendable {
        case projectCreated = "project_created"
        case projectChanged = "project_changed"
        case projectDeleted = "project_deleted"
        case outputDeleted = "output_deleted"

        case assetCreated = "asset_created"
        case assetChanged = "asset_changed"
        case assetDeleted = "asset_deleted"
        case assetHandedOver = "asset_handed_over"
        case draftDiscarded = "draft_discarded"
        case versionConfirmed = "version_confirmed"
        case versionDeleted = "version_deleted"

        case workspaceCreated = "workspace_created"
        case workspaceRenamed = "workspace_renamed"
        case workspaceClosing = "workspace_closing"
        case workspaceReopened = "workspace_reopened"
        case workspaceClosed = "workspace_closed"
        case memberAdded = "member_added"
        case roleChanged = "role_changed"
        case memberRemoved = "member_removed"
        case storagePayerChosen = "storage_payer_chosen"
        case commitmentSigned = "commitment_signed"

        case portOpened = "port_opened"
        case portClosed = "port_closed"
        case idlePolicySet = "idle_policy_set"
        case sshPolicySet = "ssh_policy_set"

        case budgetSet = "budget_set"
        case budgetRemoved = "budget_removed"
        case warningsSet = "warnings_set"
        case invoiceRequested = "invoice_requested"
        case invoiceIssued = "invoice_issued"
        case invoiceRejected = "invoice_rejected"
        case deletionApproved = "deletion_approved"
        case deletionWithdrawn = "deletion_withdrawn"
        case vouchersMade = "vouchers_made"
        case voucherRevoked = "voucher_revoked"

        case accountCreated = "account_created"
        case passwordReset = "password_reset"
        case accountDisabled = "account_disabled"
        case accountEnabled = "account_enabled"
        case personalStorageDeleted = "personal_storage_deleted"

        case tariffPublished = "tariff_published"
        case imageBuilt = "image_built"

        public var kind: OperationRecord.Kind {
            switch self {
            case .projectCreated, .projectChanged, .projectDeleted, .outputDeleted: .project
            case .assetCreated, .assetChanged, .assetDeleted, .assetHandedOver, .draftDiscarded, .versionConfirmed, .versionDeleted: .data
            case .workspaceCreated, .workspaceRenamed, .workspaceClosing, .workspaceReopened, .workspaceClosed, .memberAdded, .roleChanged,
                .memberRemoved, .storagePayerChosen, .commitmentSigned:
                .member
            case .portOpened, .portClosed, .idlePolicySet, .sshPolicySet: .workload
            case .budgetSet, .budgetRemoved, .warningsSet, .invoiceRequested, .invoiceIssued, .invoiceRejected, .deletionApproved,
                .deletionWithdrawn,
                .vouchersMade, .voucherRevoked:
                .money
            case .accountCreated, .passwordReset, .accountDisabled, .accountEnabled, .personalStorageDeleted: .account
            case .tariffPublished, .imageBuilt: .offer
            }
        }
    }

    /// Counts up; 0 until it is written.
    public let sequence: Int64
    /// Nil for what is the installation's.
    public let workspace: Identifier<Workspace>?
    public let action: Action
    /// The identifier of what it was done to, or a `SpendingScope`.
    public let subject: String
    /// What that was called then.
    public let name: String
    /// What changed of it: a name, a role, points, the number of a version, a path.
    public let before: String?
    public let after: String?
    public let actor: Identifier<Account>
    public let at: Timestamp

    public init(
        _ action: Action, of subject: String, named name: String, before: String? = nil, after: String? = nil,
        in workspace: Identifier<Workspace>?, by actor: Identifier<Account>, at: Timestamp
    ) {
        sequence = 0
        self.workspace = workspace
        self.action = action
        self.subject = subject
        self.name = name
        self.before = before
        self.after = after
        self.actor = actor
        self.at = at
    }

    init(_ row: Row) throws {
        sequence = row["sequence"]
        workspace = row["workspace"]
        action = try row.raw("action")
        subject = row["subject"]
        name = row["name"]
        before = row["before"]
        after = row["after"]
        actor = row["actor"]
        at = row["at"]
    }
}

extension Writing {
    public func record(_ event: AuditEvent) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO audit_event (workspace, kind, action, subject, name, before, after, actor, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            event.workspace, event.action.kind.rawValue, event.action.rawValue, event.subject, event.name, event.before, event.after,
            event.actor, event.at,
        ])
    }
}
