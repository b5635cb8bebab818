public import WeirModel
public import WeirPlatform
public import WeirStore

extension TestPlatform {
    /// Makes the balance of a workspace this amount, by a correction.
    public func setBalance(_ amount: Points, of workspace: Identifier<Workspace>) async throws {
        let now = clock.now()
        let key = "test/\(RandomIdentifiers().next(Upload.self, at: now))"
        try await store.write { db in
            let before = try db.read.balance(of: workspace).balance
            guard before != amount else { return }
            try db.post(
                Posting(
                    workspace: workspace, kind: .correction, counter: .payments, amount: amount.subtracting(before), key: key,
                    actor: nil, note: "for a test"), at: now)
        }
    }

    public func balance(of workspace: Identifier<Workspace>) async throws -> Points {
        try await store.read { try $0.balance(of: workspace).balance }
    }

    /// What a run was charged, in sum.
    public func charged(_ workload: Identifier<Workload>, run: Int = 1) async throws -> Points {
        try await store.charged(RunIdentity(workload: workload, number: run))
    }
}

extension Store {
    func charged(_ run: RunIdentity) async throws -> Points {
        try await read { try $0.charges(of: run, limit: 100_000) }.reduce(0) { try $0.subtracting($1.entry.amount) }
    }

    /// What is wrong with the charges of runs that have ended: each costs what its minutes do by its price, whenever it was settled.
    public func chargeViolations(of workloads: some Sequence<Identifier<Workload>>) async throws -> [String] {
        var found: [String] = []
        if try await !read({ try $0.unsettledEnds(limit: 1) }).isEmpty { found.append("an end is not settled") }
        for id in workloads {
            for run in try await read({ try $0.runs(of: id) }) {
                guard let start = run.runningAt, let end = run.endedAt else { continue }
                let identity = RunIdentity(workload: id, number: run.number)
                let charges = try await read { try $0.charges(of: identity, limit: 100_000) }
                let minutes = max(0, ((end - start).milliseconds + 59_999) / 60_000)
                guard let first = charges.first, case .run(let basis) = first.basis else {
                    if minutes > 0 { found.append("\(identity) ran for \(minutes) min and is not charged") }
                    continue
                }
                let (due, sum) = (try basis.price.amount(minutes: minutes), try await charged(identity))
                if due != sum { found.append("\(identity) costs \(due) and was charged \(sum)") }
            }
        }
        return found
    }
}

extension Platform {
    /// What is wrong with the money: charges that are not what ran, and what the verification of the ledger finds.
    public func moneyViolations(of workloads: some Sequence<Identifier<Workload>>) async throws -> [String] {
        var found = try await store.chargeViolations(of: workloads)
        let verification = try await ledger.verify(by: .testOperator)
        if let difference = verification.difference { found.append(difference.text.en) }
        return found
    }
}

extension Caller {
    /// Who operates the installation; it has no row of its own.
    public static var testOperator: Caller {
        let now = SystemClock().now()
        return Caller(
            AccountRecord(
                id: RandomIdentifiers().next(Account.self, at: now), login: "root", displayName: "root", passwordHash: "none",
                isOperator: true, mustChangePassword: false, createdAt: now))
    }
}
