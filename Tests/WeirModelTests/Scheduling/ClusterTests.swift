import TestSupport
import Testing
import WeirModel

@Suite("Cluster")
struct ClusterTests {
    /// Random calls on a random cluster; after each, `check` looks.
    private func play(
        _ random: inout SeededRandom, policy: PlacementPolicy? = nil, calls: Int = 60,
        check: (inout Cluster, HeldBooks, inout SeededRandom) -> Void
    ) {
        let nodes = RandomClusters.nodes(&random)
        let demands = (0..<8).map { _ in RandomClusters.demand(&random) }
        var cluster = Cluster(nodes: nodes, policy: policy ?? RandomClusters.policy(&random))
        var books = HeldBooks(nodes: nodes)
        for _ in 0..<calls {
            if !books.held.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
                let (demand, placement) = books.remove(at: Int.random(in: books.held.indices, using: &random))
                cluster.release(demand, at: placement)
            } else {
                let demand = demands.randomElement(using: &random)!
                let count = [1, 1, 1, 2, 5].randomElement(using: &random)!
                for placement in cluster.place(demand, count: count) ?? [] { books.add(demand, placement) }
            }
            check(&cluster, books, &random)
        }
    }

    @Test("no device, CPU or memory is given out twice, and only to whom it suits: kind, model, group (QUO-08, QUO-10, QUO-11)")
    func neverOver() {
        var random = SeededRandom()
        for _ in 0..<8 {
            play(&random) { _, books, random in #expect(books.faults.isEmpty, "seed \(random.seed)") }
        }
    }

    @Test("what is free is what nobody holds, and all of it when everything is released")
    func roundTrip() {
        var random = SeededRandom()
        for _ in 0..<8 {
            play(&random, calls: 40) { cluster, books, random in
                var copy = cluster
                for (demand, placement) in books.held { copy.release(demand, at: placement) }
                let empty = Cluster(nodes: cluster.nodes)
                #expect(cluster.nodes.indices.allSatisfy { copy.free(on: $0) == empty.free(on: $0) }, "seed \(random.seed)")
            }
        }
    }

    @Test("what is remembered from one choice to the next never changes a choice")
    func memoryIsOnlyMemory() {
        var random = SeededRandom()
        for _ in 0..<12 {
            let mix = WorkloadMix(of: (0..<30).map { _ in RandomClusters.demand(&random) })
            let policy: PlacementPolicy = [.bestFit, .fragmentation(mix), .pooling(knowing: mix), .firstFit, .dotProduct]
                .randomElement(using: &random)!
            play(&random, policy: policy) { cluster, books, random in
                var fresh = Cluster(nodes: cluster.nodes, policy: policy)
                for (demand, placement) in books.held { fresh.hold(demand, at: placement) }
                let demand = RandomClusters.demand(&random)
                var copy = cluster
                #expect(copy.place(demand) == fresh.place(demand), "seed \(random.seed)")
            }
        }
    }

    @Test("the same calls give the same placements, whatever the policy")
    func deterministic() {
        for seed: UInt64 in 0..<20 {
            func record() -> [Placement] {
                var (random, placements) = (SeededRandom(seed: seed), [Placement]())
                play(&random) { _, books, _ in placements += books.held.last.map { [$0.placement] } ?? [] }
                return placements
            }
            #expect(record() == record())
        }
    }

    @Test("a gang gets all of its places or none, and none means that there is not room for all (TRN-13)")
    func gangs() {
        var random = SeededRandom()
        for _ in 0..<12 {
            play(&random) { cluster, _, random in
                let (demand, count) = (RandomClusters.demand(&random), Int.random(in: 2...9, using: &random))
                var (whole, each, hasRoom) = (cluster, cluster, cluster)
                let placements = whole.place(demand, count: count)
                let singly = (0..<count).compactMap { _ in each.place(demand) }.count
                #expect(placements.map(\.count) == (singly == count ? count : nil), "seed \(random.seed)")
                #expect(hasRoom.hasRoom(for: demand, count: count) == (placements != nil), "seed \(random.seed)")
                #expect(cluster.capacity(for: demand, atMost: count) == singly, "seed \(random.seed)")
                if placements == nil {
                    #expect(cluster.nodes.indices.allSatisfy { whole.free(on: $0) == cluster.free(on: $0) })
                }
            }
        }
    }

    @Test("what would fit after a release is what fits after it, and what could never fit does not fit on the empty cluster")
    func wouldFit() {
        var random = SeededRandom()
        for _ in 0..<10 {
            play(&random) { cluster, books, random in
                let (demand, count) = (RandomClusters.demand(&random), Int.random(in: 1...4, using: &random))
                let going = books.held.shuffled(using: &random).prefix(3)
                var after = cluster
                for (demand, placement) in going { after.release(demand, at: placement) }
                let fits = after.place(demand, count: count) != nil
                #expect(cluster.wouldFit(demand, count: count, releasing: Array(going)) == fits, "seed \(random.seed)")
                var empty = Cluster(nodes: cluster.nodes)
                #expect(cluster.couldEverHold(demand, count: count) == (empty.place(demand, count: count) != nil))
            }
        }
    }

    @Test("a copy goes its own way")
    func copies() throws {
        let node = Node(name: "a", cpu: 2000, memory: .gib(2))
        let demand = Demand(cpu: 2000, memory: .gib(1))
        var first = Cluster(nodes: [node])
        var second = first
        #expect(first.place(demand) != nil)
        #expect(first.place(demand) == nil)
        #expect(second.place(demand) != nil)
    }

    @Test("a cluster that is told what an earlier one learned chooses as that one would")
    func remembers() throws {
        var random = SeededRandom(seed: 5)
        let nodes = RandomClusters.nodes(&random)
        var cluster = Cluster(nodes: nodes)
        let demands = (0..<64).map { _ in RandomClusters.demand(&random) }
        for demand in demands {
            if let placement = cluster.place(demand) { cluster.release(demand, at: placement) }
        }
        var other = Cluster(nodes: nodes)
        other.experience = cluster.experience
        #expect(other.experience == cluster.experience)
        for demand in demands.prefix(20) { #expect(other.place(demand) == cluster.place(demand)) }
    }
}
