import Testing
import WeirModel

@testable import WeirPlatform

@Suite("What goes through a port")
struct PortTrafficTests {
    private let replicas = (2...3).map { Backend(host: "10.88.0.\($0)", port: 8000) }
    private let traffic = PortTraffic(from: PortCount(activeAt: Timestamp(milliseconds: 0)))

    @Test("one request after the other stays with the client's replica; many at once have all replicas (F4)")
    func passages() {
        for _ in 1...100 { #expect(traffic.enter(oneOf: replicas).turn == 0) }
        var held: [PortTraffic.Passage] = []
        var turns: [Int] = []
        for _ in 1...40 {
            let (turn, passage) = traffic.enter(oneOf: replicas)
            turns.append(turn)
            held.append(passage)
        }
        #expect(turns.prefix(8).allSatisfy { $0 == 0 })
        let own = turns.filter { $0 == 0 }.count
        #expect((20...24).contains(own), "\(turns)")
        // Once they have ended, the client is where it was.
        held = []
        #expect(held.isEmpty && traffic.enter(oneOf: replicas).turn == 0)
    }
}
