import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What people choose from, sizing advice, and the operator's changes (QUO-01, QUO-02, QUO-14, QUO-15).
struct FlavorRoutes {
    let flavors: Flavors
    let accounts: Accounts

    func add(to routes: Routes) {
        let flavors = flavors
        addChanges(to: routes)

        routes.get("flavors", "listFlavors") { call in
            let filter = Flavors.Filter(
                kind: try call.word("kind", upTo: 128), accelerator: try call.word("class", upTo: 64),
                group: try call.word("group", upTo: 64), name: try call.nameFilter(),
                withRetired: try call.queryFlag("retired") ?? false)
            return call.answer(all: try await flavors.list(filter)) { $0.json }
        }

        routes.get("flavors/{flavor}", "getFlavor") { call in
            call.answer(try await flavors.flavor(call.text("flavor")).json)
        }

        routes.get("accelerators", "listAccelerators") { call in
            call.answer(all: try await flavors.accelerators()) { $0.json }
        }

        routes.get("sizing", "suggestFlavors") { call in
            let found = try await flavors.suggestions(for: call.purpose())
            return call.answer(
                [
                    "gpu_memory": found.need.gpuMemory, "memory": found.need.memory,
                    "arithmetic": found.need.arithmetic[call.language],
                    "flavors": found.flavors.map { offer, reason in
                        ["flavor": offer.json, "reason": reason[call.language]] as JSON
                    },
                ])
        }
    }

    private func addChanges(to routes: Routes) {
        let (flavors, accounts) = (flavors, accounts)

        routes.post("flavors", "createFlavor") { call in
            try call.caller.requireOperator()
            let input = try await call.input(NewFlavor.self)
            let offer = try await flavors.create(input.flavor, pricePerHour: input.pricePerHour, by: call.caller)
            return call.answer(offer.json, status: .created)
        }

        routes.put("flavors/{flavor}", "changeFlavor") { call in
            try call.caller.requireOperator()
            let input = try await call.input(FlavorDefinition.self)
            let offer = try await flavors.change(call.text("flavor"), by: call.caller) { input.flavor(instead: $0) }
            return call.answer(offer.json)
        }

        routes.post("flavors/{flavor}/retire", "retireFlavor") { call in
            try call.caller.requireOperator()
            return call.answer(try await flavors.retire(call.text("flavor"), by: call.caller).json)
        }

        routes.post("flavors/{flavor}/restore", "restoreFlavor") { call in
            try call.caller.requireOperator()
            return call.answer(try await flavors.restore(call.text("flavor"), by: call.caller).json)
        }

        routes.put("flavor-order", "orderFlavors") { call in
            try call.caller.requireOperator()
            let input = try await call.input(Order.self)
            return call.answer(all: try await flavors.order(input.names, by: call.caller)) { $0.json }
        }

        routes.get("flavors/{flavor}/changes", "listFlavorChanges") { call in
            let changes = try await flavors.changes(of: call.text("flavor"), call.page())
            let people = try await accounts.people(changes.items.compactMap(\.actor))
            return call.answer(changes) { $0.json(people) }
        }
    }

    struct Order: Input {
        let names: [String]

        enum CodingKeys: String, CodingKey, CaseIterable { case names }
    }

    struct GPUInput: Input {
        let kind: String?
        let accelerator: String?
        let compute: Int
        let memory: Int64

        enum CodingKeys: String, CodingKey, CaseIterable {
            case kind, compute, memory
            case accelerator = "class"
        }

        var share: GPUShare {
            GPUShare(kind: kind ?? "nvidia.com/gpu", compute: compute, memory: Bytes(memory), accelerator: accelerator)
        }
    }

    struct NewFlavor: Input {
        let name: String
        let cpu: Int
        let memory: Int64
        let scratch: Int64
        let processes: Int?
        let gpu: Strict<GPUInput>?
        let longestRun: Int?
        let group: String?
        let preemptible: Bool?
        let pricePerHour: Points?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, cpu, memory, scratch, processes, gpu, group, preemptible
            case longestRun = "longest_run"
            case pricePerHour = "price_per_hour"
        }

        var flavor: Flavor {
            Flavor(
                name: name, cpu: cpu, memory: Bytes(memory), scratch: Bytes(scratch), processes: processes ?? 1024,
                gpu: gpu?.value.share, longestRun: longestRun, group: group, isPreemptible: preemptible ?? false,
                pricePerHour: pricePerHour ?? 0)
        }
    }

    /// The whole of a flavor without its name and its price.
    struct FlavorDefinition: Input {
        let cpu: Int
        let memory: Int64
        let scratch: Int64
        let processes: Int?
        let gpu: Strict<GPUInput>?
        let longestRun: Int?
        let group: String?
        let preemptible: Bool?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case cpu, memory, scratch, processes, gpu, group, preemptible
            case longestRun = "longest_run"
        }

        func flavor(instead old: Flavor) -> Flavor {
            Flavor(
                name: old.name, cpu: cpu, memory: Bytes(memory), scratch: Bytes(scratch), processes: processes ?? 1024,
                gpu: gpu?.value.share, longestRun: longestRun, group: group, isPreemptible: preemptible ?? false,
                pricePerHour: old.pricePerHour)
        }
    }
}

extension Call {
    /// What is to be done: `purpose`, and for training and inference the size of the model.
    fileprivate func purpose() throws -> SizingPurpose {
        enum Word: String, CaseIterable { case development, training, inference }
        guard let word = try query("purpose", as: Word.self) else { throw WeirError.missing("purpose") }
        // What the purpose has no use for has to be right all the same.
        let precision = try query("precision", as: ModelSize.Precision.self) ?? .fp16
        let method = try query("method", as: TrainingMethod.self) ?? .full
        let concurrency = Int(try query("concurrency", in: 1...10_000) ?? 1)
        let context = Int(try query("context", in: 1...1_000_000) ?? 4096)
        let parameters = try query("parameters", in: 1...ModelSize.most)
        if word == .development { return .development }
        guard let parameters else { throw WeirError.missing("parameters") }
        let model = try ModelSize(parameters: parameters, precision: precision)
        return word == .training ? .training(model, method) : .inference(model, concurrency: concurrency, context: context)
    }
}

extension Flavor: JSONConvertible {
    var json: JSON { json(price: pricePerHour) }

    func json(price: Points?) -> JSON {
        [
            "name": name, "cpu": cpu, "memory": memory, "scratch": scratch, "processes": processes,
            "gpu": gpu.map {
                ["kind": $0.kind, "class": $0.accelerator, "compute": $0.compute, "memory": $0.memory] as JSON
            },
            "longest_run": longestRun, "group": group ?? Node.commonGroup, "preemptible": isPreemptible, "price_per_hour": price,
        ]
    }
}

extension Flavors.Offer: JSONConvertible {
    /// The price is the list's that holds now.
    var json: JSON {
        flavor.json(price: pricePerHour).adding(
            [
                "prices": JSON.object(WorkloadKind.allCases.map { ($0.rawValue, prices[$0].json) }), "unpriced": unpriced,
                "retired_at": record.retiredAt, "is_from_file": record.isFromFile,
            ])
    }
}

extension AcceleratorOffer: JSONConvertible {
    var json: JSON {
        [
            "kind": kind, "class": model, "simulated": isSimulated, "devices": devices, "memory": memory, "flavors": flavors,
        ]
    }
}
