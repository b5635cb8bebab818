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
            "quote": try quote(), "arrears": arrears(),
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
