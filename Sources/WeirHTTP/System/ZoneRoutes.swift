import Hummingbird
import WeirModel
import WeirPlatform

/// What there is to run on.
struct ZoneRoutes {
    let zones: Zones

    func add(to routes: Routes) {
        let zones = zones

        routes.get("zones", "listZones") { call in
            let (total, held) = (try await zones.total(), try await zones.held())
            let free = Holdings(
                cpu: max(total.cpu - held.cpu, 0), memory: max(total.memory - held.memory, 0),
                gpu: max(total.gpu - held.gpu, 0), gpuMemory: max(total.gpuMemory - held.gpuMemory, 0))
            let nodes = try await zones.nodes()
            return call.answer(all: [zones.name]) {
                ["name": $0, "capacity": total.given, "held": held.given, "free": free.given, "nodes": nodes]
            }
        }
    }
}

extension Holdings {
    /// Without the number of instances, which is nothing that a zone has.
    fileprivate var given: JSON { ["cpu": cpu, "memory": memory, "gpu": gpu, "gpu_memory": gpuMemory] }
}

extension Node: JSONConvertible {
    var json: JSON {
        [
            "name": name, "group": group, "cpu": cpu, "memory": memory,
            "accelerators": accelerators.map { accelerator in
                [
                    "device": accelerator.device, "kind": accelerator.kind, "class": accelerator.model.isEmpty ? nil : accelerator.model,
                    "memory": accelerator.memory, "simulated": SimulatedAccelerators.isSimulated(device: accelerator.device),
                ] as JSON
            },
        ]
    }
}
