import TestSupport
import Testing
import WeirModel

@Suite("Billing: any division of a run adds up to the same")
struct BillingSettlementTests {
    @Test(
        "ticks early, late, repeated, out of order, with stale knowledge and cut off between two charges charge the run once (BIL-04, BIL-05)",
        arguments: billingSeeds)
    func partitions(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<12 {
            let calendar = try random.calendar()
            let start = random.start()
            let end = start + random.span(0...120 * BillingCalendar.hour)
            let running = MeteredRun(run: Sample.run, start: start, price: random.price())
            let ended = MeteredRun(run: Sample.run, start: start, end: end, price: running.price)
            var ledger = KeyedCharges()
            var stale = Settled.none
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let now = start + random.span(-BillingCalendar.hour...max(0, (end - start).milliseconds))
                let known = Bool.random(using: &random) ? ledger.settled : stale
                let run = Int.random(in: 0..<9, using: &random) == 0 ? ended : running
                let plan = try run.settlement(after: known, now: now, calendar: calendar)
                for charge in plan.charges.prefix(.random(in: 0...plan.charges.count, using: &random)) { ledger.enter(charge) }
                if Bool.random(using: &random) { stale = ledger.settled }
            }
            let last = try ended.settlement(after: ledger.settled, now: end, calendar: calendar)
            for charge in last.charges + last.charges { ledger.enter(charge) }
            let minutes = try ended.minutes(until: end)
            let whole = try running.price.amount(minutes: minutes)
            #expect(last.isFinal, "seed \(seed)")
            #expect(ledger.total == whole.micro, "seed \(seed)")
            #expect(try ended.verify(ledger.charges, calendar: calendar).minutes == minutes, "seed \(seed)")
            #expect(try ended.settlement(after: ledger.settled, now: end, calendar: calendar).charges.isEmpty, "seed \(seed)")
        }
    }

    @Test("the same charges come of one late plan as of one at every hour (BIL-05)", arguments: billingSeeds)
    func canonical(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let calendar = try random.calendar()
        let start = random.start()
        let end = start + random.span(0...80 * BillingCalendar.hour)
        let price = random.price()
        let ended = MeteredRun(run: Sample.run, start: start, end: end, price: price)
        var hourly = KeyedCharges()
        var now = start
        while now < end {
            let run = MeteredRun(run: Sample.run, start: start, price: price)
            for charge in try run.settlement(after: hourly.settled, now: now, calendar: calendar).charges { hourly.enter(charge) }
            now = now + .seconds(600)
        }
        for charge in try ended.settlement(after: hourly.settled, now: end, calendar: calendar).charges { hourly.enter(charge) }
        let late = try ended.settlement(after: .none, now: end, calendar: calendar).charges
        #expect(hourly.charges.map(\.key) == late.map(\.key), "seed \(seed)")
        #expect(hourly.charges.map(\.amount) == late.map(\.amount), "seed \(seed)")
        #expect(hourly.charges.map(\.month) == late.map(\.month), "seed \(seed)")
    }

    @Test(
        "every minute stands on the bill of the month in which it begins, and the bills add up to the run (BIL-07)", arguments: billingSeeds
    )
    func months(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let calendar = try random.calendar()
        let start = random.start()
        let end = start + random.span(0...30 * BillingCalendar.hour)
        let run = MeteredRun(run: Sample.run, start: start, end: end, price: random.price())
        let charges = try run.settlement(after: .none, now: end, calendar: calendar).charges
        var expected: [BillMonth: Int64] = [:]
        for minute in 0..<(try run.minutes(until: end)) {
            let amount = try run.price.amount(minutes: minute + 1).subtracting(run.price.amount(minutes: minute))
            expected[try calendar.month(of: start + .seconds(60 * minute)), default: 0] += amount.micro
        }
        var actual: [BillMonth: Int64] = [:]
        for month in Set(charges.map(\.month)) { actual[month] = try Bill(month, charges: charges).total.micro }
        #expect(actual == expected, "seed \(seed)")
    }

    @Test("charged beyond an end that was learned late, each month gets back what it was charged too much (X03)", arguments: billingSeeds)
    func corrections(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let calendar = try random.calendar()
        let start = random.start()
        let believed = start + random.span(0...800 * BillingCalendar.hour)
        let end = start + random.span(-5_000_000...(believed - start).milliseconds)
        let running = MeteredRun(run: Sample.run, start: start, price: random.price())
        let ended = MeteredRun(run: Sample.run, start: start, end: end, price: running.price)
        var ledger = KeyedCharges()
        for charge in try running.settlement(after: .none, now: believed, calendar: calendar).charges { ledger.enter(charge) }
        for charge in try ended.settlement(after: ledger.settled, now: believed, calendar: calendar).charges { ledger.enter(charge) }
        var exact = KeyedCharges()
        for charge in try ended.settlement(after: .none, now: believed, calendar: calendar).charges { exact.enter(charge) }
        #expect(ledger.total == exact.total, "seed \(seed)")
        #expect(ledger.byMonth.filter { $0.value != 0 } == exact.byMonth.filter { $0.value != 0 }, "seed \(seed)")
        #expect(try ended.verify(ledger.charges, calendar: calendar).minutes == ended.minutes(until: end), "seed \(seed)")
    }

    @Test("a clock that was stepped back makes nothing due and gives nothing back while the run goes on (X03)", arguments: billingSeeds)
    func steppedBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let calendar = try random.calendar()
        let start = random.start()
        let run = MeteredRun(run: Sample.run, start: start, price: random.price())
        let now = start + random.span(0...300 * BillingCalendar.hour)
        let settled = try run.settlement(after: .none, now: now, calendar: calendar).settled
        let earlier = now - random.span(0...400 * BillingCalendar.hour)
        let plan = try run.settlement(after: settled, now: earlier, calendar: calendar)
        #expect(plan.charges.isEmpty && plan.settled == settled && !plan.isFinal, "seed \(seed)")
    }

    @Test("a gap longer than one plan is caught up in several (BIL-05)")
    func longGap() throws {
        let calendar = try BillingCalendar(zone: "Europe/Berlin")
        let start = Sample.time("2026-01-01T00:10:00Z")
        let run = MeteredRun(run: Sample.run, start: start, end: start + .seconds(86_400 * 100), price: Sample.price(perHour: 1))
        var ledger = KeyedCharges()
        var plans = 0
        while plans < 9 {
            let plan = try run.settlement(after: ledger.settled, now: start, calendar: calendar)
            #expect(plan.charges.count <= MeteredRun.mostCharges)
            for charge in plan.charges { ledger.enter(charge) }
            plans += 1
            if plan.isFinal { break }
        }
        #expect(plans == 3)
        #expect(ledger.total == 2_400_000_000)
    }

    @Test("the price lies within a micro-point below an exact sum of fractions (BIL-03)", arguments: billingSeeds)
    func oracle(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let price = random.price()
            let minutes = Int64.random(in: 0...600_000, using: &random)
            // Whole micro-points and the rest of each item apart, the rests over one denominator.
            let common: Int128 = 60 * 1000 << 30
            var whole: Int128 = 0
            var rests: Int128 = 0
            for item in price.items {
                let divisor = Int128(item.part.perUnit) * 60
                let product = Int128(item.quantity) * Int128(item.price.micro) * Int128(minutes) * Int128(price.instances)
                whole += product / divisor
                rests += product % divisor * (common / divisor)
            }
            let below = try Int128(price.amount(minutes: minutes).micro) - whole
            #expect(below * common <= rests && rests < (below + 1) * common, "seed \(seed)")
        }
    }

    @Test("a price grows with time, share and unit price, and is the sum of its parts in time (BIL-03)", arguments: billingSeeds)
    func monotone(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let price = random.price()
            let minutes = Int64.random(in: 0...100_000, using: &random)
            let more = minutes + .random(in: 0...1000, using: &random)
            let amount = try price.amount(minutes: minutes)
            #expect(try amount <= price.amount(minutes: more), "seed \(seed)")
            let dearer = RunPrice(
                tariff: price.tariff, instances: price.instances,
                items: price.items.map {
                    PricedItem($0.part, name: $0.name, quantity: $0.quantity, price: Points(micro: $0.price.micro + 1))
                })
            #expect(try amount <= dearer.amount(minutes: minutes), "seed \(seed)")
            let larger = RunPrice(
                tariff: price.tariff, instances: price.instances,
                items: price.items.map { PricedItem($0.part, name: $0.name, quantity: $0.quantity + 1, price: $0.price) })
            #expect(try amount <= larger.amount(minutes: minutes), "seed \(seed)")
            let cut = Int64.random(in: 0...max(0, more - 1), using: &random)
            let state = Settled(minutes: cut, corrections: 0)
            func part(_ before: Settled, _ after: Settled) throws -> Int64 {
                if before == after { return 0 }
                return try RunCharge(
                    run: Sample.run, start: Sample.time("2026-01-01T00:00:00Z"), end: nil, price: price, before: before, after: after
                ).amount.micro
            }
            let end = Settled(minutes: more, corrections: 0)
            #expect(try part(.none, state) + part(state, end) == price.amount(minutes: more).micro, "seed \(seed)")
        }
    }

    @Test("a new price list never touches a run that has begun (BIL-06)", arguments: billingSeeds)
    func priceStays(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let calendar = try random.calendar()
        let history = try TariffHistory([
            Sample.tariff(),
            Sample.tariff(number: 2, from: "2026-06-01T00:00:00Z", perHour: Points(micro: .random(in: 0...9_000_000, using: &random))),
        ])
        let start = Sample.time("2026-06-01T00:00:00Z") - random.span(1...7_200_000)
        let price = try history.inForce(at: start).price(of: Sample.spec(Sample.job()))
        let run = MeteredRun(run: Sample.run, start: start, end: start + .seconds(36_000), price: price)
        let charges = try run.settlement(after: .none, now: start, calendar: calendar).charges
        #expect(try Points.sum(charges.map(\.amount)) == 50, "seed \(seed)")
    }
}
