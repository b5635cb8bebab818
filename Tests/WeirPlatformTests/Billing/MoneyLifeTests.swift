import TestSupport
import Testing
import WeirModel

@testable import WeirPlatform

@Suite("Whatever happens to workloads, what they are charged is what they ran")
struct MoneyLifeTests {
    @Test(
        """
        prices and budgets that change, arrears, preemption, cancelling in every state, programs that never answer: the charge is the \
        oracle's, nothing runs for nothing beyond its grace, and nothing is charged before it runs (BIL-06, BIL-18, BIL-19, BIL-26)
        """, arguments: Property.seeds(12))
    func lives(seed: UInt64) async {
        let failure = await Property.failure(seed: seed, steps: 10...45, step: MoneyStep.random) { steps in
            try await MoneyLife(on: .chosen(by: seed)).take(steps)
        }
        if let failure { Issue.record("\(failure)") }
    }
}
