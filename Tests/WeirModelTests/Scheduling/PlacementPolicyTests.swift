import Testing
import WeirModel

@Suite("Placement policies, each by a worked example")
struct PlacementPolicyTests {
    private func node(_ name: String, cores: Int, gpus: Int, model: String = "T4") -> Node {
        Node(
            name: name, cpu: cores * 1000, memory: .gib(256),
            accelerators: (0..<gpus).map {
                Accelerator(device: "nvidia.com/gpu=\($0)", kind: "nvidia.com/gpu", model: model, memory: .gib(16))
            })
    }

    private func task(cores: Int, gpu: Int, count: Int = 1, models: [String] = []) -> Demand {
        Demand(
            cpu: cores * 1000, memory: .gib(1),
            accelerator: gpu == 0 ? nil : AcceleratorDemand(kind: "nvidia.com/gpu", models: models, count: count, compute: gpu))
    }

    private func place(_ demand: Demand, _ nodes: [Node], _ policy: PlacementPolicy, after held: [(Demand, Placement)] = []) -> Placement? {
        var cluster = Cluster(nodes: nodes, policy: policy)
        for (demand, placement) in held { cluster.hold(demand, at: placement) }
        return cluster.place(demand)
    }

    @Test("first fit takes the first node that has room")
    func firstFit() {
        let nodes = [node("a", cores: 2, gpus: 0), node("b", cores: 8, gpus: 0), node("c", cores: 4, gpus: 0)]
        #expect(place(task(cores: 4, gpu: 0), nodes, .firstFit) == Placement(node: 1))
    }

    @Test("best fit takes the node that keeps least")
    func bestFit() {
        let nodes = [node("a", cores: 2, gpus: 0), node("b", cores: 8, gpus: 0), node("c", cores: 4, gpus: 0)]
        #expect(place(task(cores: 4, gpu: 0), nodes, .bestFit) == Placement(node: 2))
    }

    @Test("the dot product keeps work for CPUs away from nodes with much CPU")
    func dotProduct() {
        let nodes = [node("a", cores: 64, gpus: 2), node("b", cores: 8, gpus: 8)]
        #expect(place(task(cores: 8, gpu: 0), nodes, .dotProduct) == Placement(node: 1))
    }

    @Test("random takes all places in the long run, and the same ones for the same seed")
    func random() {
        let nodes = [node("a", cores: 8, gpus: 2), node("b", cores: 8, gpus: 2)]
        func places(seed: UInt64) -> [Placement?] {
            var cluster = Cluster(nodes: nodes, policy: .random(seed: seed))
            return (0..<40).map { _ in
                let placement = cluster.place(task(cores: 1, gpu: 100))
                if let placement { cluster.release(task(cores: 1, gpu: 100), at: placement) }
                return placement
            }
        }
        #expect(Set(places(seed: 1)).count == 4)
        #expect(places(seed: 1) == places(seed: 1))
        #expect(places(seed: 1) != places(seed: 2))
    }

    @Test("fragmentation takes the half GPU that tasks of the mix could not use, not a whole one")
    func fragmentation() {
        let mix = WorkloadMix(of: [task(cores: 4, gpu: 1000)])
        let held = [(task(cores: 1, gpu: 500), Placement(node: 1, devices: [1]))]
        let nodes = [node("a", cores: 16, gpus: 2), node("b", cores: 16, gpus: 2)]
        #expect(place(task(cores: 1, gpu: 500), nodes, .fragmentation(mix), after: held) == Placement(node: 1, devices: [1]))
    }

    @Test("pooling leaves the model alone that others insist on")
    func scarcity() {
        let mix = WorkloadMix(of: [task(cores: 4, gpu: 1000), task(cores: 4, gpu: 1000, models: ["T4"])])
        let nodes = [node("a", cores: 16, gpus: 2), node("b", cores: 16, gpus: 2, model: "G2")]
        #expect(place(task(cores: 4, gpu: 1000), nodes, .pooling(knowing: mix))?.node == 1)
        #expect(place(task(cores: 4, gpu: 1000, models: ["T4"]), nodes, .pooling(knowing: mix))?.node == 0)
    }

    @Test("pooling does not strand GPUs on a node whose CPU would not suffice for them")
    func stranding() {
        let mix = WorkloadMix(of: [task(cores: 4, gpu: 1000)])
        let nodes = [node("a", cores: 16, gpus: 4), node("b", cores: 64, gpus: 4)]
        #expect(place(task(cores: 8, gpu: 1000), nodes, .pooling(knowing: mix))?.node == 1)
        #expect(place(task(cores: 4, gpu: 1000), nodes, .pooling(knowing: mix))?.node == 0)
    }

    @Test("pooling that has seen nothing packs: the first node, its fullest GPU")
    func nothingSeen() {
        let nodes = [node("a", cores: 16, gpus: 4), node("b", cores: 64, gpus: 4)]
        let held = [(task(cores: 1, gpu: 300), Placement(node: 0, devices: [2]))]
        #expect(place(task(cores: 1, gpu: 500), nodes, .pooling(knowing: WorkloadMix()), after: held) == Placement(node: 0, devices: [2]))
    }

    @Test("work without accelerators goes to nodes without, where that costs the same")
    func keepsAccelerators() {
        let nodes = [node("a", cores: 16, gpus: 4), node("b", cores: 16, gpus: 0)]
        #expect(place(task(cores: 4, gpu: 0), nodes, .pooling())?.node == 1)
    }

    @Test("GPU memory is an item of its own: a GPU whose memory is gone takes nobody who needs some (QUO-08)")
    func deviceMemory() {
        func task(compute: Int, gib: Int64) -> Demand {
            Demand(
                cpu: 100, memory: 0,
                accelerator: AcceleratorDemand(kind: "nvidia.com/gpu", compute: compute, memory: .gib(gib)))
        }
        var cluster = Cluster(nodes: [node("a", cores: 16, gpus: 2)])
        #expect(cluster.place(task(compute: 100, gib: 16))?.devices == [0])
        #expect(cluster.place(task(compute: 100, gib: 12))?.devices == [1])
        #expect(cluster.place(task(compute: 100, gib: 8)) == nil)
        #expect(cluster.place(task(compute: 100, gib: 4))?.devices == [1])
        #expect(cluster.place(task(compute: 800, gib: 0))?.devices == [0] || cluster.free(on: 0).compute == [900, 0])
    }
}
