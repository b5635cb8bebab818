import Testing
import WeirModel

@testable import weir

@Suite("weir voucher")
struct VoucherCommandTests {
    @Test("who redeems a code again is told that it was counted once (bugs R11)")
    func again() {
        func sentence(isNew: Bool) -> String {
            VoucherCommand.Redeem.sentence(
                Records.Posted(sequence: 7, amount: 5, balance: 12, isNew: isNew), workspace: "vision")
        }
        #expect(sentence(isNew: true) == "Recharged 5.000000 points; the balance of vision is 12.000000.")
        #expect(
            sentence(isNew: false)
                == "This code was redeemed before, and paid 5.000000 points; the balance of vision is 12.000000.")
    }
}
