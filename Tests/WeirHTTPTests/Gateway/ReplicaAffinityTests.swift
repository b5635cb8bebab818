import Testing
import WeirPlatform

@testable import WeirHTTP

@Suite("Which replica a client that keeps no cookies is led to")
struct ReplicaAffinityTests {
    private let replicas = (2...6).map { Backend(host: "10.88.0.\($0)", port: 8000) }
    private let clients = (0..<1000).map { "10.\($0 / 256).2.\($0 % 256)" }

    @Test("a replica that leaves moves its own clients alone, and one that comes takes its share and no other (F4)")
    func leaving() {
        for (place, gone) in replicas.enumerated() {
            let rest = replicas.enumerated().filter { $0.offset != place }.map(\.element)
            for client in clients {
                let before = ReplicaAffinity.order(replicas, for: client)
                let after = ReplicaAffinity.order(rest, for: client)
                // The next in its own order: no other client's place changes, in either direction.
                #expect(after == before.filter { $0 != gone })
            }
        }
    }

    @Test("addresses that differ little are spread over all replicas, in whatever order these stand (F4)")
    func spread() {
        var counts: [Backend: Int] = [:]
        for client in clients {
            let order = ReplicaAffinity.order(replicas, for: client)
            #expect(ReplicaAffinity.order(replicas.reversed(), for: client) == order)
            counts[order[0], default: 0] += 1
        }
        // 200 each in the mean.
        #expect(counts.count == 5 && counts.values.allSatisfy { (140...260).contains($0) }, "\(counts)")
    }
}
