import Synchronization
public import WeirModel
public import WeirStore

/// What came of holding the ledger against everything from which it follows.
public struct LedgerVerification: Hashable, Sendable {
    /// Entries that were looked at and are right.
    public let entries: Int64
    /// The last of them: noted outside of the installation, it proves later that nothing before it was changed.
    public let head: LedgerHead
    /// The first that is wrong; nil when all is right.
    public let difference: LedgerDifference?
    /// The cases that older rules let happen, or that are overdue, and that no correction has settled yet.
    public let findings: [LedgerFinding]
}

/// The first thing that is not as it must be.
public struct LedgerDifference: Hashable, Sendable {
    /// The entry; nil for a balance, a spending or a run.
    public let sequence: Int64?
    /// The entry's key, or the account, spending or run.
    public let subject: String
    public let field: String
    public let expected: String
    public let found: String

    public var text: LocalizedText {
        let place = sequence.map { "entry \($0), " } ?? ""
        let placeZH = sequence.map { "第 \($0) 条，" } ?? ""
        return LocalizedText(
            "\(place)\(subject): \(field) is \(found), but \(expected) follows from the records.",
            zh: "\(placeZH)\(subject)：\(field) 为 \(found)，按记录应为 \(expected)。")
    }
}

extension LedgerFinding {
    public var text: LocalizedText {
        let amount = amount.map { "\($0)" } ?? "?"
        return switch code {
        case .chargedBeforeRunning:
            LocalizedText(
                "Run \(subject) was told to stop before its container started, and was charged \(amount) points.",
                zh: "运行 \(subject) 在容器启动前已被停止，却被扣费 \(amount) 算力点。")
        case .unpaidCompute:
            LocalizedText(
                "Run \(subject) computed without ever answering and was not charged: \(amount) points.",
                zh: "运行 \(subject) 从未响应却持续占用算力且未扣费：\(amount) 算力点。")
        case .priceOfSubmission:
            LocalizedText(
                "Run \(subject) was charged by the price list of its submission; that of its start makes a difference of \(amount) points.",
                zh: "运行 \(subject) 按提交时的价格表扣费；按启动时的价格表相差 \(amount) 算力点。")
        case .givenBackTwice:
            LocalizedText(
                "More was given back of run \(subject) than it was charged: \(amount) points.",
                zh: "运行 \(subject) 的退还超过其扣费：\(amount) 算力点。")
        case .paymentTwice:
            LocalizedText(
                "Entry \(subject) names a payment that was entered before: \(amount) points.",
                zh: "第 \(subject) 条的支付此前已入账：\(amount) 算力点。")
        case .grantTwice:
            LocalizedText(
                "Entry \(subject) is the starting grant of a further workspace of the same person: \(amount) points.",
                zh: "第 \(subject) 条为同一人另一空间的初始赠送：\(amount) 算力点。")
        case .flavorChanged:
            LocalizedText(
                "Under price list and flavor \(subject), runs of different sizes were charged the same.",
                zh: "价格表与规格 \(subject) 下，不同大小的运行按同一价格扣费。")
        case .startedUnpaid:
            LocalizedText(
                "Run \(subject) was started while the balance or a budget was used up, and was charged \(amount) points.",
                zh: "运行 \(subject) 在余额或预算已用尽时启动，并扣费 \(amount) 算力点。")
        case .neverSettled:
            LocalizedText(
                "Run \(subject) has been over for days, or does not come to its end, and is not charged as far; it is charged by itself once it can be, so see what the log says of it.",
                zh: "运行 \(subject) 早已结束或迟迟未能结束，其费用尚未结清；可结算后会自动扣费，原因请查看日志。")
        case .storageUncharged:
            LocalizedText(
                "Storage of \(subject) has been measured for days and not charged; it is charged by itself once it can be, so see what the log says of it.",
                zh: "\(subject) 的存储已计量数日但未扣费；可结算后会自动扣费，原因请查看日志。")
        }
    }
}

extension Ledger {
    private static let chunk = 2000
    /// Of each kind.
    private static let mostFindings = 100

    /// Walks all entries in order: their sequence, the chain of their hashes, each charge computed again from the recorded run, its price
    /// and the price list; then balances, spendings and runs against the sum of the entries, and the days of storage against their samples.
    /// Stops at the first difference (BIL-27).
    /// - Parameters:
    ///   - noted: an end of the ledger that was noted before: it must still be there.
    ///   - onProgress: told how many entries have been looked at.
    public func verify(
        noted: LedgerHead? = nil, by caller: Caller, onProgress: @Sendable (Int64) -> Void = { _ in }
    ) async throws -> LedgerVerification {
        try caller.requireOperator()
        let (zones, tariffs) = try await store.read { (try $0.billingZones(), try $0.tariffs()) }
        let audit = Mutex(try LedgerAudit(zones: zones, standard: calendar, tariffs: tariffs, noted: noted))
        while true {
            try Task.checkCancellation()
            let isOver = try await store.read { db in
                try audit.withLock { audit in
                    let entries = try db.auditedEntries(after: audit.head.sequence, limit: Self.chunk)
                    for entry in entries {
                        try audit.take(entry)
                        if audit.difference != nil { return true }
                    }
                    guard entries.count < Self.chunk else { return false }
                    // The end was seen in this state of the database, so balances are compared in the same.
                    try audit.finish(db)
                    return true
                }
            }
            if isOver { break }
            onProgress(audit.withLock { $0.head.sequence })
        }
        let (calendars, isRight) = audit.withLock { ($0.calendars, $0.difference == nil) }
        if isRight, let difference = try await storageDifference(StorageAudit(calendars: calendars, tariffs: tariffs, now: clock.now())) {
            audit.withLock { $0.note(difference) }
        }
        let (now, isEnforced) = (clock.now(), isEnforced)
        let findings = try await store.read { try $0.ledgerFindings(most: Self.mostFindings, at: now, isEnforced: isEnforced) }
        return audit.withLock {
            LedgerVerification(entries: $0.head.sequence, head: $0.head, difference: $0.difference, findings: findings)
        }
    }

    /// Days of storage against the samples that are still kept, meter by meter.
    private func storageDifference(_ storage: StorageAudit) async throws -> LedgerDifference? {
        var cursor: StorageMeter?
        while true {
            try Task.checkCancellation()
            let after = cursor
            let (last, difference) = try await store.read { db -> (StorageMeter?, LedgerDifference?) in
                let meters = try db.storageMeters(after: after, limit: 20)
                for meter in meters {
                    if let difference = try storage.difference(meter, db) { return (nil, difference) }
                }
                return (meters.last?.meter, nil)
            }
            guard let last, difference == nil else { return difference }
            cursor = last
        }
    }

    /// All balances as they follow from the entries alone.
    public func balancesFromEntries() async throws -> [String: Points] {
        let step: Int64 = 50_000
        var sums: [String: Int128] = [:]
        var cursor: Int64 = 0
        while true {
            let from = cursor
            let (part, head) = try await store.read { (try $0.sumsOfEntries(after: from, limit: step), try $0.ledgerHead()) }
            sums.merge(part, uniquingKeysWith: +)
            cursor += step
            if cursor >= head.sequence { break }
        }
        return try sums.mapValues { try Points(exactly: $0) }
    }
}
