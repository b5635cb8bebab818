import Foundation
public import WeirModel
public import WeirStore

/// Who pays for homes and netdisks (BIL-28, STO-01): a workspace that the person chose, else the one in which they were used first.
public struct PersonalStorage: Sendable {
    static let mostAtOnce = 500

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let files: FileStore

    public struct Standing: Sendable {
        public let payer: StoragePayer
        /// From when on the choice holds; nil when it holds already, or there is none.
        public let from: Timestamp?
        /// Of the payer and of what was chosen.
        public let names: [Identifier<Workspace>: String]
    }

    public func standing(of caller: Caller) async throws -> Standing {
        let calendar = calendar
        return try await store.read { db in
            let payer = try db.storagePayer(of: caller.id)
            var names: [Identifier<Workspace>: String] = [:]
            for workspace in [payer.payer, payer.chosen].compactMap(\.self) { names[workspace] = try db.workspace(workspace)?.name }
            let isPending = payer.chosen != nil && payer.payer != nil && payer.chosen != payer.payer
            return Standing(
                payer: payer, from: isPending ? try payer.chosenAt.map { try calendar.dayBounds(around: $0).upperBound } : nil, names: names
            )
        }
    }

    /// Files brought to a netdisk by SFTP alone, before that was counted, are paid for by the workspace that the person joined first
    /// (BIL-28). To be called at a start.
    func openUnmetered() async throws {
        for (account, workspace) in try await store.read({ try $0.peopleWithoutNetdisk() }) {
            guard access(files.layout.path(of: .netdisk(account)), F_OK) == 0,
                try await !files.list(.netdisk(account), limit: 1).entries.isEmpty
            else { continue }
            try await store.write { try $0.openPersonalStorage(of: account, in: workspace) }
        }
    }

    /// One of the caller's own workspaces pays from the next day on.
    public func choose(_ workspace: Identifier<Workspace>, by caller: Caller) async throws -> Standing {
        let now = clock.now()
        try await store.write { db in
            try db.read.role(of: caller, in: workspace, for: .seeWorkspace)
            try db.read.requireOpen(workspace)
            let before = try db.read.storagePayer(of: caller.id)
            guard before.chosen != workspace else { return }
            try db.setStoragePayer(of: caller.id, to: workspace, at: now)
            try db.record(
                AuditEvent(
                    .storagePayerChosen, of: caller.id.text, named: caller.account.login,
                    after: try db.read.workspace(workspace)?.name, in: workspace, by: caller.id, at: now))
        }
        return try await standing(of: caller)
    }

    /// What was chosen before today holds from now on. To be called before the first sample of a day is taken, so that each hour is one
    /// workspace's.
    func applyChoices(before today: Timestamp) async throws {
        while true {
            let count = try await store.write { db in
                let chosen = try db.read.payersChosen(before: today, most: Self.mostAtOnce)
                for (account, workspace) in chosen { try db.movePersonalStorage(of: account, to: workspace) }
                return chosen.count
            }
            if count < Self.mostAtOnce { return }
        }
    }

    // MARK: What nobody pays for

    /// For the operator.
    public func unpaid(_ page: PageRequest, by caller: Caller) async throws -> Page<UnpaidStorageRecord> {
        try caller.requireOperator()
        return try await store.read { try $0.unpaidStorage(page) }
    }

    /// Deletes a home and a netdisk that nobody has paid for through their grace time. Throws `too_early`.
    public func deleteUnpaid(of account: Identifier<Account>, by caller: Caller) async throws {
        try caller.requireOperator()
        let (now, calendar) = (clock.now(), calendar)
        try await store.write { db in
            guard let unpaid = try db.read.unpaidStorage(of: account), let login = try db.read.account(account)?.login else {
                throw WeirError.notFound("account")
            }
            guard unpaid.deletableAt <= now else { throw WeirError.tooEarly(calendar.text(unpaid.deletableAt)) }
            try db.record(
                AuditEvent(
                    .personalStorageDeleted, of: account.text, named: login, after: "\(unpaid.bytes)", in: nil, by: caller.id, at: now))
        }
        // The row goes last: a kill in between leaves the way to repeat it.
        try await files.remove(.home(account))
        try await files.remove(.netdisk(account))
        try await store.write { try $0.removeUnpaidStorage(of: account) }
    }
}

extension WeirError {
    static func tooEarly(_ moment: String) -> WeirError {
        WeirError(
            "too_early", .conflict, subject: "account", rule: "STO-10",
            LocalizedText("This is kept until \(moment).", zh: "须保留至 \(moment)。"))
    }
}
