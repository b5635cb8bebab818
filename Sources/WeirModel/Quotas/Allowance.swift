/// What somebody may hold and how they stand against others: of a workspace, or of a person in it (QUO-03, QUO-07).
public struct Allowance: Hashable, Sendable, Codable {
    public static let weights = 1...10_000
    public static let plainWeight = 100

    public var quota: Quota
    /// The share over time when there is not enough for all: twice the weight, twice the share.
    public var weight: Int
    /// The highest priority that may be asked for; nil takes the plain rule. See `PriorityPolicy`.
    public var highest: PriorityClass?

    public static let plain = Allowance()

    public init(quota: Quota = .unlimited, weight: Int = Allowance.plainWeight, highest: PriorityClass? = nil) {
        self.quota = quota
        self.weight = weight
        self.highest = highest
    }

    /// Throws `malformed` with the field for what is out of bounds.
    public func check() throws(WeirError) {
        guard Self.weights.contains(weight) else { throw .malformed("weight", "1 to 10000", rule: "QUO-07") }
        for dimension in QuotaDimension.allCases {
            if let limit = quota[dimension], !(0...Self.most).contains(limit) {
                throw .malformed("quota.\(dimension.rawValue)", "0 to \(Self.most), or null for no limit", rule: "QUO-03")
            }
        }
    }

    /// Sums of this many of the largest flavor stay far from overflow.
    private static let most: Int64 = 1 << 56
}

/// Whose allowance it is.
public enum QuotaScope: Hashable, Sendable, CustomStringConvertible {
    /// All of a workspace together; set by the operator.
    case workspace
    /// Each person in a workspace who has none of their own; set by an administrator.
    case everyone
    /// One person in a workspace; set by an administrator.
    case account(Identifier<Account>)

    /// As it stands in the tables and in the API: `workspace`, `everyone`, or the identifier.
    public var description: String {
        switch self {
        case .workspace: "workspace"
        case .everyone: "everyone"
        case .account(let id): id.text
        }
    }

    public init?(_ text: String) {
        switch text {
        case "workspace": self = .workspace
        case "everyone": self = .everyone
        default:
            guard let id = Identifier<Account>(text) else { return nil }
            self = .account(id)
        }
    }
}

/// The allowances that bear on one person's workload: of the workspace, and of the person in it.
public struct Allowances: Hashable, Sendable {
    public var workspace: Allowance
    public var person: Allowance

    public static let plain = Allowances(workspace: .plain, person: .plain)

    public init(workspace: Allowance, person: Allowance) {
        self.workspace = workspace
        self.person = person
    }

    /// What is above a quota itself can never start, however much ends: it is refused (QUO-03). Throws `above_quota`.
    public func check(_ holdings: Holdings) throws(WeirError) {
        if let dimension = workspace.quota.firstExceeded(by: holdings) {
            throw .aboveQuota(dimension, wanted: holdings, of: workspace.quota, isPersonal: false)
        }
        if let dimension = person.quota.firstExceeded(by: holdings) {
            throw .aboveQuota(dimension, wanted: holdings, of: person.quota, isPersonal: true)
        }
    }

    /// The highest priority that a member of this role may ask for: `high` is for administrators and owners unless the person's allowance
    /// says another, and never above what the operator lets the workspace have (QUO-07).
    public func highest(for role: Role) -> PriorityClass {
        let own = person.highest ?? (role >= .administrator ? .high : .normal)
        return min(own, workspace.highest ?? .high)
    }

    /// Throws `priority_not_allowed`.
    public func check(_ priority: PriorityClass, for role: Role) throws(WeirError) {
        let highest = highest(for: role)
        guard priority <= highest else { throw .priorityNotAllowed(priority, highest: highest) }
    }

    /// What is kept and would be. Gives how much more may be kept after that; nil without a limit. Throws `storage_quota`.
    /// - Parameters:
    ///   - isOwn: the person is the one who brings it; nobody else is told what the person keeps (DAT-14).
    ///   - adding: nil for what has no size yet, which what is full does not begin to take; what adds nothing is never refused.
    @discardableResult
    public func checkStorage(
        workspace held: Bytes, person own: Bytes, isOwn: Bool = true, adding: Bytes?
    ) throws(WeirError) -> Bytes? {
        var left: Bytes?
        for (allowance, kept, isPersonal) in [(workspace, held, false), (person, own, true)] {
            guard let limit = allowance.quota.storage else { continue }
            let (after, isTooMuch) = kept.count.addingReportingOverflow(adding?.count ?? 0)
            let fits = adding.map { $0 == 0 || (!isTooMuch && Bytes(after) <= limit) } ?? (kept < limit)
            guard fits else {
                if isPersonal, !isOwn { throw .storageQuotaOfKeeper() }
                throw .storageQuota(kept: kept, adding: adding ?? 0, limit: limit, isPersonal: isPersonal)
            }
            let own = max(0, limit - Bytes(after))
            left = min(left ?? own, own)
        }
        return left
    }
}

extension WeirError {
    public static func aboveQuota(
        _ dimension: QuotaDimension, wanted: Holdings, of quota: Quota, isPersonal: Bool
    ) -> WeirError {
        let amount = dimension.written(wanted[dimension] ?? 0)
        let limit = dimension.written(quota[dimension] ?? 0)
        let (name, whose) = (dimension.name, isPersonal ? ("your", "个人") : ("the workspace's", "空间"))
        return WeirError(
            "above_quota", .conflict, subject: dimension.rawValue, rule: "QUO-03",
            LocalizedText(
                "This asks for \(amount) (\(name.en)); \(whose.0) quota is \(limit), so it could never start.",
                zh: "申请的\(name.zh)为 \(amount)，超过\(whose.1)配额 \(limit)，永远无法启动。"),
            remedy: isPersonal
                ? LocalizedText(
                    "Choose a smaller flavor or fewer replicas, or ask an owner or administrator of the workspace to raise your quota.",
                    zh: "请选择更小的规格或减少实例数，或请空间所有者、管理员提高您的配额。")
                : LocalizedText(
                    "Choose a smaller flavor or fewer replicas, or ask the operator to raise the workspace's quota.",
                    zh: "请选择更小的规格或减少实例数，或请运营管理员提高空间配额。"))
    }

    public static let storageQuotaCode = "storage_quota"

    public static func storageQuota(kept: Bytes, adding: Bytes, limit: Bytes, isPersonal: Bool) -> WeirError {
        let more = adding > 0 ? (" and \(adding) more", "，另需 \(adding)") : ("", "")
        return WeirError(
            storageQuotaCode, .conflict, subject: "storage", rule: "QUO-03",
            isPersonal
                ? LocalizedText(
                    "You keep \(kept) in this workspace\(more.0); your quota is \(limit).", zh: "您在此空间已保存 \(kept)\(more.1)，个人配额为 \(limit)。")
                : LocalizedText(
                    "The workspace keeps \(kept)\(more.0); its quota is \(limit).", zh: "空间已保存 \(kept)\(more.1)，空间配额为 \(limit)。"),
            remedy: isPersonal
                ? LocalizedText(
                    "Delete what is no longer needed, or ask an owner or administrator of the workspace to raise your quota.",
                    zh: "请删除不再需要的数据，或请空间所有者、管理员提高您的配额。")
                : LocalizedText(
                    "Delete what is no longer needed, or ask the operator to raise the workspace's quota.",
                    zh: "请删除不再需要的数据，或请运营管理员提高空间配额。"))
    }

    /// The quota of somebody else than the one who is refused.
    public static func storageQuotaOfKeeper() -> WeirError {
        WeirError(
            storageQuotaCode, .conflict, subject: "storage", rule: "QUO-03",
            LocalizedText("This counts for the person who keeps it, and their quota has no room for it.", zh: "此数据计入其所有者的个人配额，该配额已无足够空间。"),
            remedy: LocalizedText(
                "Ask them to delete what is no longer needed, or an owner or administrator of the workspace to raise their quota.",
                zh: "请其删除不再需要的数据，或请空间所有者、管理员提高其配额。"))
    }

    public static func priorityNotAllowed(_ priority: PriorityClass, highest: PriorityClass) -> WeirError {
        WeirError(
            "priority_not_allowed", .forbidden, subject: "priority", rule: "QUO-07",
            LocalizedText(
                "You may ask for the priority \(highest.rawValue) at most; this asks for \(priority.rawValue).",
                zh: "您最高可使用优先级 \(highest.rawValue)，此请求为 \(priority.rawValue)。"),
            remedy: LocalizedText(
                "Leave it at \(highest.rawValue), or ask an owner or administrator of the workspace.",
                zh: "请使用 \(highest.rawValue)，或联系空间所有者、管理员。"))
    }
}
