import Testing
import WeirModel

@Suite("Workload mix")
struct WorkloadMixTests {
    private func demand(_ cpu: Int) -> Demand { Demand(cpu: cpu, memory: 0) }

    @Test("it stays bounded, keeps what is frequent, and forgets what is no longer asked for")
    func bounded() {
        var mix = WorkloadMix()
        for number in 0..<10_000 {
            mix.saw(demand(number.isMultiple(of: 2) ? 1 : 1000 + number))
            #expect(mix.entries.count <= WorkloadMix.limit && mix.total < WorkloadMix.memory)
        }
        #expect(mix.entries.max { $0.count < $1.count }?.demand == demand(1))
        for _ in 0..<60_000 { mix.saw(demand(2)) }
        #expect(mix.entries == [WorkloadMix.Entry(demand: demand(2), count: mix.total)])
    }

    @Test("the most frequent are as many as make up the part asked for")
    func mostFrequent() {
        let mix = WorkloadMix(entries: [
            .init(demand: demand(1), count: 1), .init(demand: demand(2), count: 6), .init(demand: demand(3), count: 3),
        ])
        #expect(mix.mostFrequent(percent: 60).entries.map(\.demand) == [demand(2)])
        #expect(mix.mostFrequent(percent: 61).entries.map(\.demand) == [demand(2), demand(3)])
    }
}
