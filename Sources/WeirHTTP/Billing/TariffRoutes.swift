import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Price lists: the one that holds, those before and after it, and the publishing of the next (BIL-06).
struct TariffRoutes {
    let tariffs: Tariffs

    func add(to routes: Routes) {
        let tariffs = tariffs

        routes.get("tariff", "getTariff") { call in
            call.answer(try await tariffs.inForce().json)
        }

        routes.get("tariffs", "listTariffs") { call in
            let page = try call.page()
            let before = page.after.flatMap { Int($0) } ?? .max
            let rest = try await tariffs.history().versions.reversed().filter { $0.number < before }
            let items = Array(rest.prefix(page.limit))
            let next = rest.count > items.count ? items.last.map { String($0.number) } : nil
            return call.answer(Page(items: items, next: next)) { $0.json }
        }

        routes.post("tariffs", "publishTariff") { call in
            try call.caller.requireOperator()
            let input = try await call.input(NewTariff.self)
            return call.answer(try await tariffs.publish(input.tariff, by: call.caller).json, status: .created)
        }
    }

    /// A price list without its number, which is given when it is published.
    struct NewTariff: Input {
        let startsAt: Timestamp
        let flavors: [Strict<FlavorPriceInput>]
        let environment: Strict<EnvironmentInput>
        let board: Strict<BoardInput>
        let storage: Strict<StorageInput>

        enum CodingKeys: String, CodingKey, CaseIterable {
            case flavors, environment, board, storage
            case startsAt = "starts_at"
        }

        var tariff: Tariff {
            let (environment, board, storage) = (environment.value, board.value, storage.value)
            return Tariff(
                number: 1, startsAt: startsAt,
                flavors: flavors.map { FlavorPrice(flavor: $0.value.flavor, perHour: $0.value.pricePerHour) },
                environment: PartPrices(
                    cpuCore: environment.cpuCore, memoryGiB: environment.memoryGiB, scratchGiB: environment.scratchGiB,
                    gpus: environment.gpus.map(\.value).map {
                        GPUPrices(kind: $0.kind, thousandth: $0.thousandth, memoryGiB: $0.memoryGiB)
                    }), board: BoardPrices(cpuCore: board.cpuCore, memoryGiB: board.memoryGiB),
                storage: StoragePrices(
                    perGBDay: storage.perGBDay, freeLibrary: Bytes(storage.freeLibrary), freeNetdisk: Bytes(storage.freeNetdisk)))
        }
    }

    struct FlavorPriceInput: Input {
        let flavor: String
        let pricePerHour: Points

        enum CodingKeys: String, CodingKey, CaseIterable {
            case flavor
            case pricePerHour = "price_per_hour"
        }
    }

    struct EnvironmentInput: Input {
        let cpuCore: Points
        let memoryGiB: Points
        let scratchGiB: Points
        let gpus: [Strict<GPUInput>]

        enum CodingKeys: String, CodingKey, CaseIterable {
            case gpus
            case cpuCore = "cpu_core"
            case memoryGiB = "memory_gib"
            case scratchGiB = "scratch_gib"
        }
    }

    struct GPUInput: Input {
        let kind: String
        let thousandth: Points
        let memoryGiB: Points

        enum CodingKeys: String, CodingKey, CaseIterable {
            case kind, thousandth
            case memoryGiB = "memory_gib"
        }
    }

    struct BoardInput: Input {
        let cpuCore: Points
        let memoryGiB: Points

        enum CodingKeys: String, CodingKey, CaseIterable {
            case cpuCore = "cpu_core"
            case memoryGiB = "memory_gib"
        }
    }

    struct StorageInput: Input {
        let perGBDay: Points
        let freeLibrary: Int64
        let freeNetdisk: Int64

        enum CodingKeys: String, CodingKey, CaseIterable {
            case perGBDay = "per_gb_day"
            case freeLibrary = "free_library"
            case freeNetdisk = "free_netdisk"
        }
    }
}

extension Tariff: JSONConvertible {
    var json: JSON {
        [
            "number": number, "starts_at": startsAt,
            "flavors": flavors.map { ["flavor": $0.flavor, "price_per_hour": $0.perHour] as JSON },
            "environment": [
                "cpu_core": environment.cpuCore, "memory_gib": environment.memoryGiB, "scratch_gib": environment.scratchGiB,
                "gpus": environment.gpus.map {
                    ["kind": $0.kind, "thousandth": $0.thousandth, "memory_gib": $0.memoryGiB] as JSON
                },
            ] as JSON,
            "board": ["cpu_core": board.cpuCore, "memory_gib": board.memoryGiB] as JSON,
            "storage": [
                "per_gb_day": storage.perGBDay, "free_library": storage.freeLibrary, "free_netdisk": storage.freeNetdisk,
            ] as JSON,
        ]
    }
}
