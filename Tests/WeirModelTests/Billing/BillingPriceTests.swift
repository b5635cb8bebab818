import Foundation
import Testing
import WeirModel

@Suite("Billing: price lists and quotes")
struct BillingPriceTests {
    @Test("an environment is charged by CPU, memory, GPU, GPU memory and scratch (BIL-08)")
    func environment() throws {
        let price = try Sample.tariff().price(of: Sample.spec(Sample.environment()))
        #expect(price.items.map(\.part) == [.cpu, .memory, .gpu, .gpuMemory, .scratch])
        // 8 × 0.06 + 64 × 0.015 + 500 × 0.005 + 40 × 0.02 + 100 × 0.0025
        #expect(try price.amount(minutes: 60).description == "4.990000")
    }

    @Test("memory of several GPUs is held on each of them (QUO-08)")
    func severalGPUs() throws {
        let share = GPUShare(kind: "nvidia.com/gpu", compute: 2000, memory: .gib(80))
        let flavor = Flavor(name: "two", cpu: 0, memory: 0, scratch: 0, gpu: share, pricePerHour: 0)
        let price = try Sample.tariff().price(of: Sample.spec(Sample.environment(), flavor: flavor))
        #expect(try price.amount(minutes: 60).description == "13.200000")
    }

    @Test("a board is charged by CPU and memory only, whatever its flavor has (BIL-11)")
    func board() throws {
        let price = try Sample.tariff().price(of: Sample.spec(.board(BoardDetail(logPath: "logs"))))
        #expect(price.items.map(\.part) == [.cpu, .memory])
        #expect(try price.amount(minutes: 60).description == "1.440000")
    }

    @Test("a job costs its flavor, a service its flavor for each replica (BIL-09, BIL-10)")
    func flavors() throws {
        let tariff = Sample.tariff()
        #expect(try tariff.price(of: Sample.spec(Sample.job())).amount(minutes: 60) == 5)
        #expect(try tariff.price(of: Sample.spec(Sample.service(replicas: 3))).amount(minutes: 60) == 15)
    }

    @Test("what has no price does not start (BIL-23)")
    func noPrice() throws {
        let other = Flavor(
            name: "other", cpu: 1000, memory: .gib(1), scratch: 0, gpu: GPUShare(kind: "amd.com/gpu", compute: 1, memory: 0),
            pricePerHour: 1)
        for detail in [Sample.job(), Sample.environment()] {
            #expect { try Sample.tariff().price(of: Sample.spec(detail, flavor: other)) } throws: {
                ($0 as? WeirError)?.code == "no_price"
            }
        }
    }

    @Test("the price of an hour, a day and the whole run is shown before submitting (BIL-23)")
    func quote() throws {
        let quote = try Sample.tariff().quote(for: Sample.spec(Sample.job(timeLimit: 5401)))
        #expect(quote.perHour == 5)
        #expect(quote.perDay == 120)
        #expect(quote.longest?.minutes == 91)
        #expect(quote.longest?.amount.description == "7.583333")
        #expect(quote.warning == nil)
    }

    @Test("without auto-stop a quote warns of what a day costs (BIL-29, DEV-24)")
    func warning() throws {
        let quote = try Sample.tariff().quote(for: Sample.spec(Sample.environment()))
        #expect(quote.longest == nil)
        #expect(quote.warning?.en.contains("119.760000 points a day") == true)
        #expect(quote.warning?.zh.contains("119.760000") == true)
    }

    @Test("a job ends with its command: a quote says so, and what a day of it costs (faults G7)")
    func jobWarning() throws {
        let quote = try Sample.tariff().quote(for: Sample.spec(Sample.job(timeLimit: nil)))
        #expect(quote.longest == nil)
        #expect(quote.warning?.en.hasPrefix("This job ends with its command") == true)
        #expect(quote.warning?.en.contains("120.000000 points a day") == true)
    }

    @Test("a run ends at the person's limit or the flavor's ceiling, whichever is sooner (QUO-15, DEV-24)")
    func limits() {
        let ceiling = Flavor(name: "c", cpu: 1, memory: 1, scratch: 0, longestRun: 3600, pricePerHour: 1)
        #expect(Sample.spec(Sample.environment(autoStop: 7200), flavor: ceiling).runLimit == 3600)
        #expect(Sample.spec(Sample.environment(autoStop: 600), flavor: ceiling).runLimit == 600)
        #expect(Sample.spec(Sample.environment(), flavor: ceiling).runLimit == 3600)
        #expect(Sample.spec(Sample.environment()).runLimit == nil)
    }

    @Test("a new price list applies to what starts from its date on (BIL-06)")
    func versions() throws {
        let old = Sample.tariff()
        let new = Sample.tariff(number: 2, from: "2026-12-01T00:00:00Z", perHour: 7)
        let history = try TariffHistory([old]).publishing(new, now: Sample.time("2026-11-21T00:00:00Z"))
        #expect(try history.inForce(at: Sample.time("2026-11-30T23:59:59.999Z")) == old)
        #expect(try history.inForce(at: Sample.time("2026-12-01T00:00:00Z")) == new)
        #expect(try history[1] == old)
        #expect(throws: WeirError.noTariff()) { try history.inForce(at: Sample.time("2025-12-31T23:59:59Z")) }
        #expect(throws: WeirError.noTariff()) { try history[3] }
    }

    @Test("a price list cannot start in the past, skip a number or precede the last one (BIL-06)")
    func publication() throws {
        let history = try TariffHistory([Sample.tariff()])
        let now = Sample.time("2026-11-21T00:00:00Z")
        #expect(throws: WeirError.tariffInThePast()) {
            try history.publishing(Sample.tariff(number: 2, from: "2026-11-20T23:59:59Z"), now: now)
        }
        #expect(throws: WeirError.tariffOutOfOrder()) {
            try history.publishing(Sample.tariff(number: 3, from: "2026-12-01T00:00:00Z"), now: now)
        }
        #expect(throws: WeirError.tariffOutOfOrder()) {
            try history.publishing(Sample.tariff(number: 2), now: Sample.time("2025-01-01T00:00:00Z"))
        }
    }

    @Test("all that is wrong with a price list is said, with the rule, in both languages (BIL-03, BIL-08, BIL-11, BIL-14)")
    func problems() {
        var tariff = Sample.tariff(number: 0, perHour: -1)
        tariff.flavors.append(FlavorPrice(flavor: "half-gpu", perHour: 1))
        tariff.environment.gpus.append(GPUPrices(kind: "", thousandth: 0, memoryGiB: 0))
        tariff.environment.cpuCore = Points(micro: Tariff.Limit.price.micro + 1)
        tariff.board.memoryGiB = -1
        tariff.storage.perGBDay = -1
        tariff.storage.freeLibrary = -1
        let problems = tariff.problems
        #expect(
            problems.map(\.subject) == [
                "number", "flavors", "environment.gpus", "flavors.half-gpu", "environment.cpuCore", "board.memoryGiB",
                "storage.perGBDay", "storage.freeLibrary",
            ])
        #expect(problems.map(\.rule) == ["BIL-06", "BIL-03", "BIL-08", "BIL-03", "BIL-08", "BIL-11", "BIL-14", "BIL-16"])
        #expect(problems.allSatisfy { !$0.message.en.isEmpty && !$0.message.zh.isEmpty })
        #expect(Sample.tariff().problems.isEmpty)
        var long = Sample.tariff()
        long.flavors.append(FlavorPrice(flavor: String(repeating: "x", count: 65), perHour: 1))
        long.environment.gpus.append(GPUPrices(kind: String(repeating: "x", count: 65), thousandth: 0, memoryGiB: 0))
        #expect(long.problems.map(\.subject) == ["flavors", "environment.gpus"])
    }

    @Test("a price list is written and read with exact decimals (BIL-14)")
    func coding() throws {
        let tariff = Sample.tariff(perHour: Points(micro: 100_001))
        let data = try JSONEncoder().encode(tariff)
        #expect(String(decoding: data, as: UTF8.self).contains(#""perGBDay":"0.003333""#))
        #expect(try JSONDecoder().decode(Tariff.self, from: data) == tariff)
    }

    @Test("amounts that do not fit are an error, not a trap (BIL-02)")
    func overflow() throws {
        let most = PricedItem(.memory, quantity: .max, price: Points(micro: .max))
        let price = RunPrice(tariff: 1, instances: .max, items: [most, most])
        #expect(throws: WeirError.amountTooLarge()) { try price.amount(minutes: .max) }
        #expect(throws: WeirError.amountTooLarge()) { try Sample.price(perHour: Points.most).amount(minutes: 120) }
        #expect(try Sample.price(perHour: Points.most).amount(minutes: 60) == Points.most)
        #expect(throws: WeirError.amountTooLarge()) { try Points.most.adding(Points(micro: 1)) }
        #expect(throws: WeirError.amountTooLarge()) { try Points(micro: -Points.most.micro).subtracting(Points(micro: 1)) }
        #expect(throws: WeirError.amountTooLarge()) { try Points.sum([Points.most, Points(micro: 1)]) }
        #expect(Points(Points.most.description) == Points.most)
        #expect { try Sample.price(perHour: 1).amount(minutes: -1) } throws: { ($0 as? WeirError)?.rule == "BIL-04" }
    }
}
