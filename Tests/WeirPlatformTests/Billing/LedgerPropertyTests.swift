import TestSupport
import Testing
import WeirModel

@testable import WeirPlatform

@Suite("Ledger: whatever happens, the books are right")
struct LedgerPropertyTests {
    @Test(
        """
        recharges, grants, refunds, starts, ends, settlements late, twice and out of order, new price lists: the balances add up to zero \
        after every commit, each is the sum of its entries, and every run costs what its own list says (BIL-04 to BIL-06)
        """, arguments: Property.seeds(14))
    func books(seed: UInt64) async {
        let failure = await Property.failure(seed: seed, steps: 10...60, step: LedgerStep.random) { steps in
            var walk = LedgerWalk(try await LedgerScene(workspaces: 3, on: .chosen(by: seed)))
            try await walk.take(steps)
        }
        if let failure { Issue.record("\(failure)") }
    }

    @Test("the same holds when the store is opened anew after every step", arguments: Property.seeds(3))
    func reopened(seed: UInt64) async {
        let failure = await Property.failure(seed: seed, steps: 5...20, step: LedgerStep.random) { steps in
            var walk = LedgerWalk(try await LedgerScene(workspaces: 3, on: .chosen(by: seed)), reopens: true)
            try await walk.take(steps)
        }
        if let failure { Issue.record("\(failure)") }
    }

    @Test("a failing list of steps is made as short as it can be, and told with its seed")
    func shrinking() async {
        struct Found: Error {}
        let failure = await Property.failure(seed: 7, steps: 60...60, step: { Int.random(in: 0..<10, using: &$0) }) { steps in
            if let three = steps.firstIndex(of: 3), steps[three...].contains(7) { throw Found() }
        }
        #expect(failure?.contains("seed 7") == true)
        #expect(failure?.hasSuffix("after 2 steps:\n  3\n  7") == true, "\(failure ?? "nothing")")
    }
}
