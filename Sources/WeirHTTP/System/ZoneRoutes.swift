import Hummingbird
import WeirModel
import WeirPlatform

/// What there is to run on.
struct ZoneRoutes {
    let zones: Zones

    func add(to routes: Routes) {
        let zones = zones

        routes.get("flavors", "listFlavors") { call in
            call.answer(all: try await zones.flavors()) { $0.json }
        }

        routes.get("zones", "listZones") { call in
            let (total, held) = (try await zones.total(), try await zones.held())
            let free = Resources(
                cpu: max(total.cpu - held.cpu, 0), memory: max(total.memory - held.memory, 0),
                gpu: max(total.gpu - held.gpu, 0))
            return call.answer(all: [zones.name]) {
                ["name": $0, "capacity": total, "held": held, "free": free]
            }
        }
    }
}
