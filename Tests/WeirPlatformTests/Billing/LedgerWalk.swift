import Foundation
import TestSupport
import WeirModel
import WeirStore

@testable import WeirPlatform

/// What can happen to the money of an installation.
enum LedgerStep: Sendable {
    case recharge(workspace: Int, micro: Int64, key: Int)
    case grant(workspace: Int, micro: Int64, key: Int)
    case refund(charge: Int, thousandths: Int64, key: Int)
    case start(workspace: Int, environment: Bool)
    case end(run: Int, agoThousandths: Int64)
    /// Plans what is due, and enters it now, twice, or keeps it for later.
    case settle(Settling, skip: Int)
    case publish(factor: Int64)
    case pass(milliseconds: Int64)

    enum Settling: Sendable { case once, twice, reversed, later, stale }

    static func random(_ random: inout SeededRandom) -> LedgerStep {
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        switch pick(20) {
        case 0: return .recharge(workspace: pick(3), micro: .random(in: 1...90_000_000, using: &random), key: pick(4))
        case 1: return .grant(workspace: pick(3), micro: .random(in: 1...9_000_000, using: &random), key: pick(4))
        case 2, 3: return .refund(charge: pick(50), thousandths: .random(in: 1...1000, using: &random), key: pick(3))
        case 4, 5, 6: return .start(workspace: pick(3), environment: Bool.random(using: &random))
        case 7, 8: return .end(run: pick(20), agoThousandths: .random(in: 0...1000, using: &random))
        case 9, 10, 11, 12: return .settle(.once, skip: pick(5))
        case 13: return .settle(.twice, skip: pick(5))
        case 14: return .settle(.reversed, skip: pick(5))
        case 15: return .settle(.later, skip: pick(5))
        case 16: return .settle(.stale, skip: pick(5))
        case 17: return .publish(factor: .random(in: 0...3000, using: &random))
        default: return .pass(milliseconds: .random(in: 1...9_000_000, using: &random))
        }
    }
}

/// Takes steps, and after each looks whether the books are right.
struct LedgerWalk {
    let scene: LedgerScene
    var reopens = false
    private var seen: Int64 = 0
    private var fold = LedgerTotals()
    private var charges: [LedgerEntry] = []
    private var kept: [RunSettlement] = []
    /// What each workspace must have been given, by what was asked for.
    private var given: [Int: Int64] = [:]
    private var refunded: [RunIdentity: Int64] = [:]
    private var keys: Set<String> = []

    init(_ scene: LedgerScene, reopens: Bool = false) {
        self.scene = scene
        self.reopens = reopens
    }

    mutating func take(_ steps: [LedgerStep]) async throws {
        for step in steps {
            try await take(step)
            if reopens { try scene.reopen() }
            try await look()
        }
        try await finish()
    }

    private mutating func take(_ step: LedgerStep) async throws {
        switch step {
        case .recharge(let workspace, let micro, let key):
            // The amount belongs to the key, so that a key that comes again is a repetition.
            let amount = Points(micro: micro / 1000 * 1000 + Int64(key))
            try await give(workspace, amount, "recharge \(workspace) \(key) \(amount)") { scene, name in
                try await scene.ledger.recharge(
                    scene.workspaces[workspace], by: amount, reference: "transfer \(name)", key: scene.key(name.hashed),
                    caller: scene.operatorCaller)
            }
        case .grant(let workspace, let micro, let key):
            let amount = Points(micro: micro / 1000 * 1000 + Int64(key))
            try await give(workspace, amount, "grant \(workspace) \(key) \(amount)") { scene, name in
                try await scene.ledger.grant(
                    scene.workspaces[workspace], amount: amount, note: "gift", key: scene.key(name.hashed),
                    caller: scene.operatorCaller)
            }
        case .refund(let index, let thousandths, let key): try await refund(index, thousandths, key)
        case .start(let workspace, let environment): try await scene.start(in: workspace, environment: environment)
        case .end(let index, let ago):
            let running = scene.runs.indices.filter { scene.runs[$0].end == nil }
            guard !running.isEmpty else { return }
            let run = running[index % running.count]
            let (start, now) = (scene.runs[run].start.milliseconds, scene.clock.now().milliseconds)
            try await scene.end(run, at: Timestamp(milliseconds: now - (now - start) * ago / 1000))
        case .settle(let way, let skip): try await settle(way, skip)
        case .publish(let factor):
            let flavor = FlavorPrice(flavor: LedgerScene.flavor.name, perHour: Points(micro: 1000 * factor))
            scene.clock.advance(by: .milliseconds(1))
            _ = try await scene.tariffs.publish(
                Tariff(number: 1, startsAt: scene.clock.now(), flavors: [flavor]), by: scene.operatorCaller)
        case .pass(let milliseconds): scene.clock.advance(by: .milliseconds(milliseconds))
        }
    }

    private mutating func give(
        _ workspace: Int, _ amount: Points, _ name: String, _ enter: (LedgerScene, String) async throws -> Posted
    ) async throws {
        let isNew = keys.insert(name).inserted
        let posted = try await enter(scene, name)
        guard posted.isNew == isNew else { throw LedgerScene.Broken("\(name) was entered \(isNew ? "never" : "twice")") }
        if isNew { given[workspace, default: 0] += amount.micro }
    }

    private mutating func refund(_ index: Int, _ thousandths: Int64, _ key: Int) async throws {
        guard !charges.isEmpty else { return }
        let charge = charges[index % charges.count]
        let amount = Points(micro: -charge.amount.micro / 1000 * thousandths)
        guard amount > 0 else { return }
        let name = "\(charge.sequence)-\(key)-\(amount.micro)".hashed
        let before = try await scene.store.read { try $0.refunded(ofCharge: charge.key) }
        do {
            let posted = try await scene.ledger.refund(
                entry: charge.sequence, amount: amount, note: "", key: scene.key(name), caller: scene.operatorCaller)
            guard posted.isNew == keys.insert("refund \(name)").inserted else { throw LedgerScene.Broken("a refund was entered twice") }
            let total = before.micro + (posted.isNew ? amount.micro : 0)
            guard total <= -charge.amount.micro else { throw LedgerScene.Broken("more was given back than charged") }
            if posted.isNew, let workspace = scene.workspaces.firstIndex(of: charge.workspace) {
                given[workspace, default: 0] += amount.micro
                if let run = charge.run { refunded[run, default: 0] += amount.micro }
            }
        } catch let error as WeirError where error.code == "refund_too_large" {
            // Of the charge, or of its run, of which minutes were given back since.
            var left = -charge.amount.micro - before.micro
            if let run = charge.run { left = min(left, -(try await scene.store.read { try $0.givenBack(of: run) }).micro) }
            guard amount.micro > left else { throw error }
        }
    }

    private mutating func settle(_ way: LedgerStep.Settling, _ skip: Int) async throws {
        if case .stale = way {
            try await scene.settle(kept)
            return
        }
        let due = try await scene.due().enumerated().filter { skip == 0 || $0.offset % (skip + 1) != 0 }.map(\.element)
        switch way {
        case .later, .stale: kept = due
        case .once: try await scene.settle(due)
        case .reversed: try await scene.settle(due.reversed())
        case .twice:
            // Both in one transaction, and once more after it.
            try await scene.settle(due + due)
            let head = try await scene.store.read { try $0.ledgerHead() }
            let again = try await scene.settle(due.filter { !$0.plan.charges.isEmpty })
            let after = try await scene.store.read { try $0.ledgerHead() }
            guard again.applied.isEmpty, after == head else {
                throw LedgerScene.Broken("a settlement was entered twice")
            }
        }
    }

    /// After every commit: the sum of all balances is zero, and each is the sum of its entries.
    private mutating func look() async throws {
        let from = seen
        let (entries, accounts, sum) = try await scene.store.read { db in
            (try db.auditedEntries(after: from, limit: 100_000), try db.ledgerAccounts(), try db.sumOfBalances())
        }
        guard sum == 0 else { throw LedgerScene.Broken("the balances add up to \(sum)") }
        for audited in entries {
            guard let entry = audited.entry, entry.sequence == seen + 1 else { throw LedgerScene.Broken("a gap after \(seen)") }
            seen = entry.sequence
            fold.add(entry.posting)
            if entry.kind == .charge {
                charges.append(entry)
                guard entry.workspace == audited.run?.workspace else { throw LedgerScene.Broken("one pays for another") }
            }
        }
        let sums = fold.balances
        for (id, account) in accounts {
            guard sums[id, default: 0] == Int128(account.balance.micro) else {
                throw LedgerScene.Broken("the balance of \(id) is \(account.balance), its entries say \(sums[id, default: 0])")
            }
        }
    }

    /// When all has ended and is settled, each workspace has paid the price of its own runs, by the list of their start.
    private mutating func finish() async throws {
        for index in scene.runs.indices where scene.runs[index].end == nil { try await scene.end(index, at: scene.clock.now()) }
        try await scene.settleAll()
        try await look()
        for workspace in scene.workspaces.indices {
            var expected = given[workspace, default: 0]
            for run in scene.runs where run.workspace == workspace {
                guard let end = run.end else { continue }
                let metered = MeteredRun(run: run.identity, start: run.start, end: end, price: run.price)
                let price = try run.price.amount(minutes: metered.minutes(until: end)).micro
                // A refund of minutes that were given back as well is taken back: nothing comes back twice.
                expected -= max(price, refunded[run.identity, default: 0])
            }
            let balance = try await scene.balance(workspace)
            guard balance.micro == expected else {
                throw LedgerScene.Broken("workspace \(workspace) has \(balance), but \(Points(micro: expected)) is right")
            }
        }
        let verification = try await scene.ledger.verify(by: scene.operatorCaller)
        if let difference = verification.difference { throw LedgerScene.Broken(difference.text.en) }
        guard try await scene.ledger.balancesFromEntries().mapValues({ Int128($0.micro) }) == fold.balances else {
            throw LedgerScene.Broken("the sums of entries differ")
        }
    }
}

extension String {
    /// A key of 20 characters.
    fileprivate var hashed: String { String(Secrets.hash(self).prefix(20)) }
}
