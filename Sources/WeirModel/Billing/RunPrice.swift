/// What a run costs by the hour, as it was when the run started (BIL-06): the whole of what is needed to compute its
/// charges again.
public struct RunPrice: Hashable, Sendable, Codable {
    /// The version of the price list.
    public let tariff: Int
    /// Instances that run at once; each is charged (BIL-10).
    public let instances: Int
    public let items: [PricedItem]

    public init(tariff: Int, instances: Int, items: [PricedItem]) {
        self.tariff = tariff
        self.instances = instances
        self.items = items
    }
}

/// One factor of a run's price: so much of a part, at a price for each unit and hour.
public struct PricedItem: Hashable, Sendable, Codable {
    public let part: Part
    /// The flavor's name or the GPU's kind.
    public let name: String?
    /// In the smallest unit of the part; see `Part.perUnit`.
    public let quantity: Int64
    /// For one unit and hour.
    public let price: Points

    public init(_ part: Part, name: String? = nil, quantity: Int64, price: Points) {
        self.part = part
        self.name = name
        self.quantity = quantity
        self.price = price
    }

    public enum Part: String, Sendable, Codable, CaseIterable {
        /// Instances of a flavor.
        case flavor
        /// Thousandths of a core, priced by the core.
        case cpu
        /// Bytes, priced by the GiB.
        case memory
        /// Thousandths of a GPU, priced by the thousandth.
        case gpu
        /// Bytes, priced by the GiB.
        case gpuMemory = "gpu_memory"
        /// Bytes, priced by the GiB.
        case scratch

        /// How much of the quantity one price is for.
        public var perUnit: Int64 {
            switch self {
            case .flavor, .gpu: 1
            case .cpu: 1000
            case .memory, .gpuMemory, .scratch: 1 << 30
            }
        }
    }
}

extension RunPrice {
    /// A fraction of a micro-point in which every item's hourly price is a whole number.
    private static let grains: Int128 = 1000 << 30

    /// The price of a run of so many minutes: unit price × duration (BIL-03). All items are added up exactly and the sum is
    /// rounded once, down to the micro-point, so that nobody pays more than what the list says.
    /// Throws `amount_too_large`; `malformed` for a negative number.
    public func amount(minutes: Int64) throws(WeirError) -> Points {
        guard minutes >= 0, instances >= 0 else { throw .malformed("minutes", "0 or more", rule: "BIL-04") }
        var hourly: Int128 = 0
        for item in items {
            guard item.quantity >= 0, item.price >= 0 else { throw .malformed("items", "0 or more", rule: "BIL-03") }
            let exact = try Int128(item.quantity).times(Int128(item.price.micro)).times(Self.grains / Int128(item.part.perUnit))
            hourly = try hourly.plus(exact)
        }
        let total = try hourly.times(Int128(instances)).times(Int128(minutes))
        return try Points(exactly: total / (60 * Self.grains))
    }
}

extension RunPrice {
    /// The points that must be there to let it in: its first hour, or all of it when it ends sooner (BIL-18).
    public func firstHour(limit: Int?) throws(WeirError) -> Points {
        try amount(minutes: Int64(min(60, limit.map { max(0, $0 + 59) / 60 } ?? 60)))
    }
}

/// For how long a program may come up before its run counts as running, not ready (BIL-26).
public enum StartGrace {
    public static let setting = "billing.start_grace"
    public static let standard = Duration.seconds(120)

    /// Programs that never answered had all of their time for nothing. Within this time, a person has so many graces for them in a
    /// workspace, so that nobody computes for nothing by stopping before each is over.
    public static let window = Duration.seconds(3600)
    public static let mostInWindow: Int64 = 5

    /// The grace of a run, as far as its starter has any of it left.
    /// - Parameter used: by the runs within the window that ended before they were ready, of all their instances.
    public static func left(of grace: Duration, used: Duration, replicas: Int) -> Duration {
        let left = max(0, grace.milliseconds * mostInWindow - used.milliseconds) / Int64(max(1, replicas))
        return min(grace, .milliseconds(left))
    }
}

extension Tariff {
    /// What a workload costs under this list: an environment by its parts (BIL-08), a board by CPU and memory (BIL-11), a job and
    /// each replica of a service by the flavor (BIL-09, BIL-10). Throws `no_price` when the list lacks the flavor or kind of GPU.
    public func price(of spec: WorkloadSpec) throws(WeirError) -> RunPrice {
        try price(kind: spec.kind, flavor: spec.flavor, replicas: spec.replicas)
    }

    /// The same from what is recorded of a run.
    public func price(kind: WorkloadKind, flavor: Flavor, replicas: Int) throws(WeirError) -> RunPrice {
        RunPrice(tariff: number, instances: replicas, items: try items(kind: kind, flavor: flavor))
    }

    private func items(kind: WorkloadKind, flavor: Flavor) throws(WeirError) -> [PricedItem] {
        switch kind {
        case .environment:
            var items = [
                PricedItem(.cpu, quantity: Int64(flavor.cpu), price: environment.cpuCore),
                PricedItem(.memory, quantity: flavor.memory.count, price: environment.memoryGiB),
            ]
            if let gpu = flavor.gpu {
                guard let price = environment.gpus.first(where: { $0.kind == gpu.kind }) else {
                    throw .noPrice(gpu.kind, rule: "BIL-08")
                }
                let memory = Int128(gpu.devices) * Int128(gpu.memory.count)
                guard let bytes = Int64(exactly: memory) else { throw .amountTooLarge() }
                items.append(PricedItem(.gpu, name: gpu.kind, quantity: Int64(gpu.compute), price: price.thousandth))
                items.append(PricedItem(.gpuMemory, name: gpu.kind, quantity: bytes, price: price.memoryGiB))
            }
            return items + [PricedItem(.scratch, quantity: flavor.scratch.count, price: environment.scratchGiB)]
        case .board:
            return [
                PricedItem(.cpu, quantity: Int64(flavor.cpu), price: board.cpuCore),
                PricedItem(.memory, quantity: flavor.memory.count, price: board.memoryGiB),
            ]
        case .job, .service:
            guard let price = flavors.first(where: { $0.flavor == flavor.name }) else {
                throw .noPrice(flavor.name, rule: "BIL-23")
            }
            return [PricedItem(.flavor, name: flavor.name, quantity: 1, price: price.perHour)]
        }
    }
}

extension WeirError {
    public static func noPrice(_ name: String, rule: String) -> WeirError {
        WeirError(
            "no_price", .conflict, subject: "flavor", rule: rule,
            LocalizedText(
                "The price list has no price for \"\(name)\", and nothing starts without one.",
                zh: "价格表中没有“\(name)”的价格，无价格的规格不能启动。"),
            remedy: LocalizedText("Choose another flavor, or ask the operator for a price.", zh: "请选择其他规格，或联系运营管理员定价。"))
    }
}
