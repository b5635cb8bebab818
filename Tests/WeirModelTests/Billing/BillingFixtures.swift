import Foundation
import TestSupport
import WeirModel

/// Things that the billing tests are about.
enum Sample {
    static let flavor = Flavor(name: "half-gpu", cpu: 8000, memory: .gib(64), scratch: .gib(100), gpu: share, pricePerHour: 5)
    static let share = GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(40))
    static let workspace = Identifier<Workspace>(at: Timestamp(milliseconds: 0), randomness: (1, 1))
    static let account = Identifier<Account>(at: Timestamp(milliseconds: 0), randomness: (2, 2))
    static let run = RunIdentity(workload: Identifier(at: Timestamp(milliseconds: 0), randomness: (3, 3)), number: 1)
    static let image = PinnedImage(reference: "python:3.12", digest: "sha256:00")

    static let zones = [
        "Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
        "America/Sao_Paulo", "Pacific/Apia",
    ]

    static func tariff(number: Int = 1, from start: String = "2026-01-01T00:00:00Z", perHour: Points = 5) -> Tariff {
        Tariff(number: number, startsAt: time(start), flavors: [FlavorPrice(flavor: flavor.name, perHour: perHour)])
    }

    static func price(perHour: Points, instances: Int = 1) -> RunPrice {
        RunPrice(
            tariff: 1, instances: instances, items: [PricedItem(.flavor, name: "half-gpu", quantity: 1, price: perHour)])
    }

    static func spec(_ detail: WorkloadSpec.Detail, flavor: Flavor = flavor) -> WorkloadSpec {
        WorkloadSpec(image: image, flavor: flavor, detail: detail)
    }

    static func environment(autoStop: Int? = nil) -> WorkloadSpec.Detail {
        .environment(EnvironmentDetail(tool: "jupyterlab", autoStop: autoStop))
    }

    static func job(timeLimit: Int? = nil) -> WorkloadSpec.Detail {
        .job(JobDetail(command: "true", code: tree, timeLimit: timeLimit))
    }

    static func service(replicas: Int) -> WorkloadSpec.Detail {
        .service(
            ServiceDetail(
                command: "serve", code: tree, port: 8080, mode: .http, healthPath: nil, startLimit: 60, replicas: replicas))
    }

    private static let tree = TreeName(Identifier(at: Timestamp(milliseconds: 0), randomness: (4, 4)))

    /// RFC 3339 to a moment; a wrong text gives 1970, which no test expects.
    static func time(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(milliseconds: 0) }
}

/// `TEST_SEEDS=17,4711` plays these again; `TEST_RUNS` says how many fresh ones there are.
let billingSeeds: [UInt64] =
    ProcessInfo.processInfo.environment["TEST_SEEDS"]?.split(separator: ",").compactMap { UInt64($0) }
    ?? (0..<(Int(ProcessInfo.processInfo.environment["TEST_RUNS"] ?? "") ?? 12)).map { _ in .random(in: 0...999_999_999) }

/// The least of a ledger that settlement asks for: each key once, and each charge where the one before it ended.
struct KeyedCharges {
    private(set) var charges: [Charge] = []
    private(set) var settled = Settled.none
    private var keys: Set<String> = []

    mutating func enter(_ charge: Charge) {
        guard case .run(let basis) = charge.basis, basis.before == settled, keys.insert(charge.key).inserted else { return }
        charges.append(charge)
        settled = basis.after
    }

    var total: Int64 { charges.reduce(0) { $0 + $1.amount.micro } }
    var byMonth: [BillMonth: Int64] { charges.reduce(into: [:]) { $0[$1.month, default: 0] += $1.amount.micro } }
}

extension SeededRandom {
    mutating func price() -> RunPrice {
        let items = PricedItem.Part.allCases.filter { _ in Bool.random(using: &self) }.map { part in
            PricedItem(
                part, name: "x", quantity: .random(in: 0...(part.perUnit * 40 + 40), using: &self),
                price: Points(micro: .random(in: 0...9_000_000, using: &self)))
        }
        return RunPrice(tariff: .random(in: 1...9, using: &self), instances: .random(in: 1...8, using: &self), items: items)
    }

    /// Around a change of month or of daylight saving, or anywhere in two years.
    mutating func start() -> Timestamp {
        let edges = [
            "2026-10-31T16:00:00Z", "2026-03-29T01:00:00Z", "2026-11-01T00:00:00Z", "2026-02-28T18:30:00Z", "2024-02-29T12:00:00Z",
        ]
        let anchor = edges.randomElement(using: &self).map(Sample.time) ?? Timestamp(milliseconds: 0)
        let spread: Int64 = Bool.random(using: &self) ? 90_000_000 : 31_536_000_000
        return anchor + self.span(-spread...spread)
    }

    mutating func calendar() throws -> BillingCalendar {
        try BillingCalendar(zone: Sample.zones.randomElement(using: &self) ?? "UTC")
    }
}

extension SeededRandom {
    /// A length of time with so many milliseconds.
    mutating func span(_ milliseconds: ClosedRange<Int64>) -> Duration {
        .milliseconds(Int64.random(in: milliseconds, using: &self))
    }
}
