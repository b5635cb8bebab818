import Testing
import WeirModel

@Suite("Billing: when the balance is used up")
struct BillingArrearsTests {
    @Test(
        "at zero nothing is started, submitted or uploaded; data, stopping and paying stay (BIL-18)",
        arguments: Arrears.Operation.allCases)
    func operations(operation: Arrears.Operation) throws {
        try Arrears.check(operation, balance: Points(micro: 1))
        let refused: Set<Arrears.Operation> = [.startEnvironment, .submitJob, .startService, .startBoard, .upload]
        for balance in [Points(micro: 0), -3] {
            if refused.contains(operation) {
                #expect {
                    try Arrears.check(operation, balance: balance)
                } throws: {
                    let error = $0 as? WeirError
                    return error?.rule == "BIL-18" && error?.remedy?.zh.contains("充值") == true
                }
            } else {
                try Arrears.check(operation, balance: balance)
            }
        }
    }

    @Test("every kind of workload needs a balance to start (BIL-18)", arguments: WorkloadKind.allCases)
    func kinds(kind: WorkloadKind) {
        #expect(Arrears.Operation.starting(kind).needsBalance)
    }

    @Test(
        "running workloads stop at the next hour boundary (BIL-19)",
        arguments: [
            ("09:00:00.001", "10:00:00"), ("09:59:59.999", "10:00:00"), ("10:00:00.000", "11:00:00"), ("23:30:00.000", "24:00:00"),
        ])
    func stopping(usedUp: String, stops: String) throws {
        let since = Sample.time("2026-11-21T\(usedUp)Z")
        let boundary = stops == "24:00:00" ? Sample.time("2026-11-22T00:00:00Z") : Sample.time("2026-11-21T\(stops)Z")
        #expect(Arrears.stopsAt(usedUpSince: since) == boundary)
        #expect(!Arrears.mustStop(usedUpSince: since, now: boundary - .milliseconds(1)))
        #expect(Arrears.mustStop(usedUpSince: since, now: boundary))
        #expect(!Arrears.mustStop(usedUpSince: nil, now: boundary))
    }

    @Test("after 60 days data may be deleted: announced 14, 7 and 1 days before, and approved (BIL-20)")
    func deletion() {
        let since = Sample.time("2026-01-01T00:00:00Z")
        func day(_ count: Int) -> Timestamp { since + .seconds(86_400 * count) }
        var made: [Int: Timestamp] = [:]
        #expect(ArrearsDeletion(since: since).step(now: day(45)) == .wait(until: day(46)))
        for (days, at) in [(14, 46), (7, 53), (1, 59)] {
            #expect(ArrearsDeletion(since: since, announced: made).step(now: day(at)) == .announce(days: days))
            made[days] = day(at)
        }
        #expect(
            ArrearsDeletion(since: since, announced: made, approved: true).step(now: day(60) - .milliseconds(1)) == .wait(until: day(60)))
        #expect(ArrearsDeletion(since: since, announced: made).step(now: day(60)) == .awaitApproval)
        #expect(ArrearsDeletion(since: since, announced: made, approved: true).step(now: day(60)) == .mayDelete)
    }

    @Test("an announcement made late puts the deletion off; none is skipped (BIL-20)")
    func lateAnnouncement() {
        let since = Sample.time("2026-01-01T00:00:00Z")
        func day(_ count: Int) -> Timestamp { since + .seconds(86_400 * count) }
        #expect(ArrearsDeletion(since: since, approved: true).step(now: day(90)) == .announce(days: 14))
        let first = ArrearsDeletion(since: since, announced: [14: day(90)], approved: true)
        #expect(first.earliest == day(104))
        #expect(first.step(now: day(91)) == .wait(until: day(97)))
        let all = ArrearsDeletion(since: since, announced: [14: day(90), 7: day(97), 1: day(110)], approved: true)
        #expect(all.step(now: day(110)) == .wait(until: day(111)))
        #expect(all.step(now: day(111)) == .mayDelete)
    }

    @Test("only what lies above the free amount may be deleted (BIL-20, X04)")
    func deletable() {
        #expect(ArrearsDeletion.deletable(held: .gib(60), free: .gib(50)) == .gib(10))
        #expect(ArrearsDeletion.deletable(held: .gib(50), free: .gib(50)) == 0)
    }
}
