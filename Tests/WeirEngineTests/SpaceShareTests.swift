import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

@Suite("Shares of a disk")
struct SpaceShareTests {
    @Test(
        "near the end the shares of any writers add up to no more than there is, and pending data counts first",
        arguments: Property.seeds(40))
    func sum(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let above = Bytes(Int64.random(in: -(1 << 30)...(8 << 30), using: &random))
            let writers = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                SpaceShare.Writer(
                    room: Bytes(Int64.random(in: -(1 << 20)...(20 << 30), using: &random)),
                    pending: Bytes(Int64.random(in: -(1 << 28)...(1 << 28), using: &random)),
                    isWriting: Bool.random(using: &random))
            }
            let share = SpaceShare(above: above)
            let zone = share.zone(writers)
            let shares = share.shares(writers, in: zone)
            #expect(shares.count == writers.count)
            for (one, writer) in zip(shares, writers) { #expect(one >= 0 && one <= max(writer.room, 0)) }
            if zone == .last {
                let pending = writers.reduce(Int64(0)) { $0 + max($1.pending.count, 0) }
                #expect(shares.reduce(0) { $0 + $1.count } <= max(above.count - pending, 0))
            }
        }
    }

    @Test("what was written over something deleted is pending until it has its place, though the file takes as much already (hostile 6)")
    func rewritten() {
        #expect(SpaceShare.pending(used: 80, unplaced: 80, taken: 80) == 80)
        #expect(SpaceShare.pending(used: 80, unplaced: 0, taken: 80) == 0)
        #expect(SpaceShare.pending(used: 80, unplaced: 30, taken: 20) == 60)
        #expect(SpaceShare.pending(used: 10, unplaced: 0, taken: 80) == 0)
    }

    @Test(
        "the reserve is a twentieth of the disk, bounded both ways, and a quarter at most",
        arguments: [(1, 256), (20, 2048), (252, 12902), (4000, 65536)])
    func standard(gib: Int, mib: Int) {
        #expect(DiskReserve.standard(of: .gib(Int64(gib))).count / (1 << 20) == Int64(mib))
    }
}
