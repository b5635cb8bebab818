import ArgumentParser
import Foundation
import Testing
import WeirModel

@testable import weir

@Suite("Billing commands")
struct BillingCommandTests {
    @Test("weir bill shows this month, a named one, or is asked for something else")
    func bill() throws {
        let now = try #require(try Weir.parseAsRoot(["bill"]) as? BillCommand.Show)
        #expect(now.month == nil)
        let named = try #require(try Weir.parseAsRoot(["bill", "2026-11", "--csv"]) as? BillCommand.Show)
        #expect(named.month?.month == BillMonth(year: 2026, month: 11))
        #expect(named.csv)
        #expect(try Weir.parseAsRoot(["bill", "verify", "bill.json"]) is BillCommand.Verify)
        #expect(throws: (any Error).self) { try Weir.parseAsRoot(["bill", "2026-13"]) }
    }

    @Test("weir spending shows a month by its days, by project or by person (review 14)")
    func spending() throws {
        let command = try #require(try Weir.parseAsRoot(["spending", "--month", "2026-11", "--by", "project"]) as? SpendingCommand)
        #expect(command.by == .project && command.month?.month == BillMonth(year: 2026, month: 11))
        #expect(throws: (any Error).self) { try Weir.parseAsRoot(["spending", "--by", "workspace"]) }
        func spending(_ series: [Records.Spending.Series]) -> Records.Spending {
            Records.Spending(
                month: "2026-11", days: ["2026-11-01", "2026-11-02"], total: 3, running: 1, series: series, names: ["prj_1": "digits"])
        }
        let one = spending([.init(subject: "prj_1", total: 2, amounts: [1, 1]), .init(subject: nil, total: 1, amounts: [0, 1])])
        #expect(one.bySubject == [.init(title: "digits", amount: 2), .init(title: "(nobody's)", amount: 1)])
        let whole = spending([.init(subject: "workspace", total: 3, amounts: [1, 2])])
        #expect(whole.byDay == [.init(title: "2026-11-01", amount: 1), .init(title: "2026-11-02", amount: 2)])
        #expect(spending([]).byDay.map(\.amount) == [0, 0])
        let answer = """
            {"month": "2026-11", "by": "project", "days": ["2026-11-01"], "total": "2.000000", "running": "0.500000",
             "series": [{"subject": "prj_1", "total": "2.000000", "amounts": ["2.000000"]}], "names": {"prj_1": "digits"}}
            """
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(Records.Spending.self, from: Data(answer.utf8)).bySubject.map(\.title) == ["digits"])
    }

    @Test("an amount is a decimal number with six places at most")
    func amounts() throws {
        let recharge = try #require(try Weir.parseAsRoot(["recharge", "0.5", "-w", "vision"]) as? RechargeCommand)
        #expect(recharge.amount.points == Points(micro: 500_000))
        #expect(throws: (any Error).self) { try Weir.parseAsRoot(["recharge", "1.2345678"]) }
        #expect(throws: (any Error).self) { try Weir.parseAsRoot(["recharge", "1e3"]) }
    }

    @Test("a budget is of one thing")
    func budget() {
        #expect(throws: (any Error).self) { try Weir.parseAsRoot(["budget", "set", "5", "--project", "a", "--person", "b"]) }
    }

    @Test("a price is one line, with the whole run where something ends it (BIL-23)")
    func price() {
        let whole = Records.Quote(
            perHour: 1, perDay: 24, longest: .init(minutes: 90, amount: Points(micro: 1_500_000)), formula: "", warning: nil,
            balance: 0, hours: nil, leaves: .init(after: "run", balance: .init(leaves: 0), budgets: []), refusal: nil)
        #expect(
            PriceNote.text(whole)
                == "1.000000 points an hour, 24.000000 a day, 1.500000 for the whole run of 1 h 30 min at most.")
    }
}
