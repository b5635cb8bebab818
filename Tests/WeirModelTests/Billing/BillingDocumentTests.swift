import Foundation
import Testing
import WeirModel

@Suite("Billing: the document")
struct BillingDocumentTests {
    private let shanghai: BillingCalendar

    init() throws { shanghai = try BillingCalendar(zone: "Asia/Shanghai") }

    @Test("every example in Docs/billing.md is what the rules give")
    func examples() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Docs/billing.md").standardizedFileURL
        let written = try Self.examples(in: String(contentsOf: file, encoding: .utf8))
        let computed = [
            "run": try run(), "run-total": try runTotal(), "correction": try correction(), "storage": try storage(),
            "quote": try quote(), "arrears": arrears(), "start": starts(), "limit": try limits(), "price": try prices(), "leaves": leaves(),
            "let-in": try letIn(),
        ]
        #expect(Set(written.keys) == Set(computed.keys))
        for (name, lines) in computed.sorted(by: { $0.key < $1.key }) {
            #expect(written[name] == lines, "<!-- example: \(name) -->\n\(lines.joined(separator: "\n"))")
        }
    }

    /// The lines of each block that follows a line `<!-- example: NAME -->`.
    private static func examples(in text: String) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for part in text.components(separatedBy: "<!-- example: ").dropFirst() {
            let lines = part.components(separatedBy: "\n")
            let name = lines.first?.components(separatedBy: " -->").first ?? ""
            found[name] = Array(lines.dropFirst(2).prefix { $0 != "```" })
        }
        return found
    }

    private func environment() throws -> MeteredRun {
        MeteredRun(
            run: Sample.run, start: Sample.time("2026-11-30T15:30:30Z"), end: Sample.time("2026-11-30T16:45:00Z"),
            price: try Sample.tariff().price(of: Sample.spec(Sample.environment())))
    }

    private func run() throws -> [String] {
        let now = Sample.time("2026-11-30T17:00:00Z")
        return try environment().settlement(after: .none, now: now, calendar: shanghai).charges.map(line)
    }

    private func runTotal() throws -> [String] {
        let now = Sample.time("2026-11-30T17:00:00Z")
        let run = try environment()
        let charges = try run.settlement(after: .none, now: now, calendar: shanghai).charges
        let bills = try [11, 12].map { try Bill(BillMonth(year: 2026, month: $0), charges: charges) }
        let sum = try Points.sum(bills.map(\.total))
        let whole = try run.price.amount(minutes: 75)
        #expect(sum == whole)
        return bills.map { "\($0.month)  \($0.total)" } + ["75 min   \(whole)"]
    }

    private func correction() throws -> [String] {
        let start = Sample.time("2026-11-20T16:40:00Z")
        let price = try Sample.tariff().price(of: Sample.spec(Sample.job()))
        let running = MeteredRun(run: Sample.run, start: start, price: price)
        let first = try running.settlement(after: .none, now: Sample.time("2026-11-20T18:00:00Z"), calendar: shanghai)
        let ended = MeteredRun(run: Sample.run, start: start, end: Sample.time("2026-11-20T17:15:00Z"), price: price)
        let rest = try ended.settlement(after: first.settled, now: Sample.time("2026-11-20T18:10:00Z"), calendar: shanghai)
        return try (first.charges + rest.charges).map(line)
    }

    private func storage() throws -> [String] {
        let day = try #require(BillDay("2026-11-20"))
        let hours = try shanghai.hours(of: day)
        let library = try StorageCharge(
            meter: .library(Sample.workspace), day: day,
            samples: hours.map { StorageSample(at: $0, bytes: [.datasets: .gib(45), .outputs: .gib(15)]) }, earlier: nil,
            tariff: Sample.tariff(), calendar: shanghai)
        let netdisk = try StorageCharge(
            meter: .netdisk(Sample.workspace, Sample.account), day: day,
            samples: hours.dropFirst(12).map { StorageSample(at: $0, bytes: [.netdisk: .gib(30)]) }, earlier: nil,
            tariff: Sample.tariff(), calendar: shanghai)
        return try [library, netdisk].map { try line(Charge(.storage($0), calendar: shanghai)) }
    }

    private func quote() throws -> [String] {
        let tariff = Sample.tariff()
        let job = try tariff.quote(for: Sample.spec(Sample.job(timeLimit: 5401)))
        let open = try tariff.quote(for: Sample.spec(Sample.environment()))
        let longest = try #require(job.longest)
        return [
            "job:         \(job.perHour) an hour, \(job.perDay) a day, \(longest.amount) for its longest run of \(longest.minutes) min",
            "environment: \(open.perHour) an hour, \(open.perDay) a day. \(try #require(open.warning).en)",
        ]
    }

    private func starts() -> [String] {
        func at(_ time: String) -> Timestamp { Sample.time("2026-11-21T\(time)Z") }
        func time(_ moment: Timestamp) -> String { String(moment.description.dropFirst(11).prefix(8)) }
        let (start, grace) = (at("09:00:10"), StartGrace.standard)
        func ready(_ kind: WorkloadKind, _ now: String) -> String {
            "runs from " + time(ObservedTimes.start(of: kind, starts: [start], grace: grace, now: at(now)))
        }
        func ended(_ kind: WorkloadKind, _ end: String, asked: String? = nil) -> String {
            ObservedTimes.start(ofEnded: kind, starts: [start], grace: grace, end: at(end), asked: asked.map(at))
                .map { "runs from \(time($0))" } ?? "is free"
        }
        return [
            "a job whose container starts at 09:00:10                          " + ready(.job, "09:00:11"),
            "a notebook that starts at 09:00:10 and answers at 09:01:00        " + ready(.environment, "09:01:00"),
            "a service that starts at 09:00:10 and answers at 09:20:00         " + ready(.service, "09:20:00"),
            "a service that starts at 09:00:10 and fails at 09:02:00           " + ended(.service, "09:02:00"),
            "a service that starts at 09:00:10 and fails at 10:00:10           " + ended(.service, "10:00:10"),
            "a job that is told to stop at 09:00:09                            " + ended(.job, "09:00:30", asked: "09:00:09"),
        ]
    }

    private func limits() throws -> [String] {
        let start = Sample.time("2026-11-21T09:00:00Z")
        func minutes(limit: Int, gone: Int) throws -> String {
            let end = ObservedTimes.end(
                ends: [start + .milliseconds(gone)], start: start, limit: start + .seconds(limit), now: start + .seconds(86_400))
            return "runs \(try MeteredRun(run: Sample.run, start: start, price: Sample.price(perHour: 1)).minutes(until: end)) min"
        }
        return [
            "a job of 60 s that is gone after 60.03 s                          " + (try minutes(limit: 60, gone: 60_030)),
            "a job of 60 s that ends by itself after 20 s                      " + (try minutes(limit: 60, gone: 20_000)),
            "a job of 91 min while Weir was down for an hour at its end        " + (try minutes(limit: 5460, gone: 9_060_000)),
        ]
    }

    private func prices() throws -> [String] {
        var (first, second) = (Sample.tariff(), Sample.tariff())
        (first.startsAt, second.startsAt, second.number) = (Sample.time("2026-11-21T14:00:00Z"), Sample.time("2026-11-21T15:00:00Z"), 2)
        second.flavors = second.flavors.map { FlavorPrice(flavor: $0.flavor, perHour: 7) }
        let history = try TariffHistory([first, second])
        func perHour(_ time: String) throws -> Int64 {
            try history.inForce(at: Sample.time("2026-11-21T\(time)Z")).price(of: Sample.spec(Sample.job())).amount(minutes: 60).micro
                / 1_000_000
        }
        return try [
            "submitted 14:50, starts 14:59:59               \(perHour("14:59:59")) points an hour to its end",
            "submitted 14:50, starts 15:00:00               \(perHour("15:00:00")) points an hour to its end",
        ]
    }

    private func leaves() -> [String] {
        func line(_ name: String, _ left: MoneyLeft) -> String {
            let leaves = Points(micro: left.left.micro - 2_000_000)
            return "\(name)\(left.total) − \(left.committed) of what runs − 2.000000 = \(leaves)"
        }
        let runs = Points(micro: 1_500_000)
        return [line("balance   ", MoneyLeft(total: 100, committed: runs)), line("budget      ", MoneyLeft(total: 3, committed: runs))]
    }

    private func letIn() throws -> [String] {
        let price = Sample.price(perHour: 1)
        let hour = try price.firstHour(limit: nil)
        let both = MoneyLeft(total: 2, committed: try hour.adding(hour))
        let one = MoneyLeft(total: 2, charged: try price.amount(minutes: 1), committed: hour)
        let raised = MoneyLeft(total: 3, charged: one.charged, committed: hour)
        func third(_ left: MoneyLeft) -> String { left.pays(firstHour: hour) ? "runs" : "waits" }
        return [
            "first and second job    run: \(both.committed) of \(both.total) are set aside",
            "third job, waiting      \(third(both)) for the budget: \(both.left) are left",
            "the first ends at once  \(one.left) are left, the third goes on \(third(one) == "waits" ? "waiting" : "running")",
            "the budget becomes 3    the third \(third(raised))",
        ]
    }

    private func arrears() -> [String] {
        ["09:00:00.001", "09:59:59.999", "10:00:00.000"].map {
            let since = Sample.time("2026-11-21T\($0)Z")
            return "used up at \(since): stopped at \(Arrears.stopsAt(usedUpSince: since))"
        }
    }

    /// The explanation, without the identity of the run that only this test has.
    private func line(_ charge: Charge) throws -> String {
        try charge.explained(calendar: shanghai).en.replacingOccurrences(of: "\(Sample.run)", with: "wld_…/1")
    }
}
