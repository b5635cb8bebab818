/// One version of the price list. A version is never changed; a new one applies to what starts from its date on (BIL-06).
public struct Tariff: Hashable, Sendable, Codable {
    /// Counts from 1.
    public var number: Int
    public var startsAt: Timestamp
    /// What one instance costs an hour, for jobs and for each replica of a service (BIL-09, BIL-10).
    public var flavors: [FlavorPrice]
    /// What an environment is charged for (BIL-08).
    public var environment: PartPrices
    /// What a board is charged for: nothing but these two (BIL-11).
    public var board: BoardPrices
    public var storage: StoragePrices

    public init(
        number: Int, startsAt: Timestamp, flavors: [FlavorPrice], environment: PartPrices = .standard,
        board: BoardPrices = .standard, storage: StoragePrices = .standard
    ) {
        self.number = number
        self.startsAt = startsAt
        self.flavors = flavors
        self.environment = environment
        self.board = board
        self.storage = storage
    }
}

extension Tariff {
    /// The list that a configuration makes of its flavors, to be published: its number and date are given then.
    public init(
        of flavors: [Flavor], environment: PartPrices = .standard, board: BoardPrices = .standard, storage: StoragePrices = .standard
    ) {
        self.init(
            number: 1, startsAt: Timestamp(milliseconds: 0),
            flavors: flavors.map { FlavorPrice(flavor: $0.name, perHour: $0.pricePerHour) }, environment: environment,
            board: board, storage: storage)
    }
}

public struct FlavorPrice: Hashable, Sendable, Codable {
    /// The flavor's name.
    public var flavor: String
    public var perHour: Points

    public init(flavor: String, perHour: Points) {
        self.flavor = flavor
        self.perHour = perHour
    }
}

/// Prices an hour of the five parts of an environment (BIL-08, STO-09).
public struct PartPrices: Hashable, Sendable, Codable {
    public var cpuCore: Points
    public var memoryGiB: Points
    public var scratchGiB: Points
    /// One entry for each kind of GPU.
    public var gpus: [GPUPrices]

    public init(cpuCore: Points, memoryGiB: Points, scratchGiB: Points, gpus: [GPUPrices]) {
        self.cpuCore = cpuCore
        self.memoryGiB = memoryGiB
        self.scratchGiB = scratchGiB
        self.gpus = gpus
    }

    /// Prices under which an environment costs about what a job of the same standard flavor does.
    public static let standard = PartPrices(
        cpuCore: Points(micro: 60_000), memoryGiB: Points(micro: 15_000), scratchGiB: Points(micro: 2_500),
        gpus: [GPUPrices(kind: "nvidia.com/gpu", thousandth: Points(micro: 5_000), memoryGiB: Points(micro: 20_000))])
}

/// Prices an hour of a kind of GPU: compute and memory are separate items (QUO-08).
public struct GPUPrices: Hashable, Sendable, Codable {
    /// As in `GPUShare`: `nvidia.com/gpu`.
    public var kind: String
    /// A thousandth of one GPU's compute.
    public var thousandth: Points
    public var memoryGiB: Points

    public init(kind: String, thousandth: Points, memoryGiB: Points) {
        self.kind = kind
        self.thousandth = thousandth
        self.memoryGiB = memoryGiB
    }
}

/// Prices an hour of a board (BIL-11).
public struct BoardPrices: Hashable, Sendable, Codable {
    public var cpuCore: Points
    public var memoryGiB: Points

    public init(cpuCore: Points, memoryGiB: Points) {
        self.cpuCore = cpuCore
        self.memoryGiB = memoryGiB
    }

    public static let standard = BoardPrices(
        cpuCore: PartPrices.standard.cpuCore, memoryGiB: PartPrices.standard.memoryGiB)
}

/// What kept data costs. A GB of the sources is counted as 2^30 bytes, as all sizes in Weir.
public struct StoragePrices: Hashable, Sendable, Codable {
    public var perGBDay: Points
    /// Free for the libraries of each workspace (BIL-16).
    public var freeLibrary: Bytes
    /// Free for the netdisk of each person (BIL-28).
    public var freeNetdisk: Bytes

    public init(perGBDay: Points, freeLibrary: Bytes, freeNetdisk: Bytes) {
        self.perGBDay = perGBDay
        self.freeLibrary = freeLibrary
        self.freeNetdisk = freeNetdisk
    }

    /// 0.003333 points, 50 GB and 10 GB (BIL-14, X04).
    public static let standard = StoragePrices(
        perGBDay: Points(micro: 3_333), freeLibrary: .gib(50), freeNetdisk: .gib(10))
}
