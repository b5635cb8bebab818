import Foundation
import Testing
import WeirModel

@Suite("Simulation")
struct SimulationTests {
    private func node(gpus: Int) -> Node {
        Node(
            name: "a", cpu: 8000, memory: .gib(64),
            accelerators: (0..<gpus).map {
                Accelerator(device: "nvidia.com/gpu=\($0)", kind: "nvidia.com/gpu", model: "T4", memory: .gib(16))
            })
    }

    private func run(_ name: String, at: Int, lasts: Int, gpu: Int, workspace: String = "lab", instances: Int = 1) -> SimulatedRun {
        SimulatedRun(
            name: name, workspace: workspace, account: "ada",
            demand: Demand(cpu: 1000, memory: .gib(1), accelerator: AcceleratorDemand(kind: "nvidia.com/gpu", compute: gpu)),
            instances: instances, arrives: at, lasts: lasts)
    }

    @Test("a run waits until the one before it ends, and the waits are told as mean, half, 95 of 100 and longest")
    func waits() {
        let result = Simulation(
            nodes: [node(gpus: 1)], runs: [run("a", at: 0, lasts: 100, gpu: 1000), run("b", at: 10, lasts: 50, gpu: 1000)]
        )
        .result()
        #expect(result.started == 2 && result.runs == 2 && result.accelerators == 1)
        #expect(result.waits == .init([0, 90]))
        #expect(result.waits.mean == 45 && result.waits.longest == 90)
        #expect(result.span == 150 && result.mostInUse == 1)
    }

    @Test("two that share a GPU start at once; with whole GPUs one of them waits; with one GPU more nobody does (QUO-08)")
    func pooling() {
        let runs = [run("a", at: 0, lasts: 100, gpu: 500), run("b", at: 0, lasts: 100, gpu: 500)]
        let whole = runs.map(\.withWholeAccelerators)
        #expect(Simulation(nodes: [node(gpus: 1)], runs: runs).result().waits.longest == 0)
        #expect(Simulation(nodes: [node(gpus: 1)], runs: whole).result().waits.longest == 100)
        let more = SimulatedCluster.adding(accelerators: 1, to: [node(gpus: 1)])
        #expect(Simulation(nodes: more, runs: whole).result().waits.longest == 0)
    }

    @Test("what no node could ever hold is counted and stops nobody")
    func impossible() {
        let runs = [run("huge", at: 0, lasts: 10, gpu: 1000, instances: 3), run("a", at: 1, lasts: 10, gpu: 1000)]
        let result = Simulation(nodes: [node(gpus: 2)], runs: runs).result()
        #expect(result.impossible == 1 && result.started == 1)
    }

    @Test("shares are counted by workspace, and the index of fairness is 1 when they are equal")
    func fairness() {
        let runs = (0..<20).map { run("r\($0)", at: 0, lasts: 10, gpu: 1000, workspace: $0.isMultiple(of: 2) ? "one" : "two") }
        let result = Simulation(nodes: [node(gpus: 2)], runs: runs).result()
        #expect(result.shares.map(\.workspace) == ["one", "two"])
        #expect(result.shares.allSatisfy { abs($0.held - 0.5) < 1e-9 })
        #expect(result.fairness > 0.99)
    }

    @Test("the same input gives the same result")
    func deterministic() {
        let runs = (0..<60).map { run("r\($0)", at: $0 % 7, lasts: 5 + $0 % 11, gpu: [250, 500, 1000][$0 % 3], workspace: "w\($0 % 4)") }
        let simulation = Simulation(nodes: [node(gpus: 4)], runs: runs)
        #expect(simulation.result() == simulation.result())
    }

    @Test("nodes can be scaled and added to: like the one that there is most of")
    func whatIf() {
        let nodes = [node(gpus: 2), node(gpus: 2), node(gpus: 4)]
        #expect(SimulatedCluster.scaled(nodes, percent: 200).count == 6)
        #expect(SimulatedCluster.scaled(nodes, percent: 34).count == 1)
        #expect(SimulatedCluster.scaled([node(gpus: 1)], percent: 300).map(\.name) == ["a", "a-2", "a-3"])
        let added = SimulatedCluster.adding(accelerators: 3, to: nodes).dropFirst(3)
        #expect(added.map(\.accelerators.count) == [2, 1] && added.map(\.cpu) == [8000, 4000])
    }

    @Test("a history is read from its JSON, and a run that was not over lasts to the end")
    func history() throws {
        let text = """
            {
              "nodes": [{
                "name": "gpu-1", "group": "default", "cpu": 64000, "memory": 274877906944,
                "accelerators": [{"device": "nvidia.com/gpu=0", "kind": "nvidia.com/gpu", "model": "P1", "memory": 17179869184}]
              }],
              "runs": [
                {
                  "name": "train", "workspace": "vision", "account": "ada", "flavor": "gpu-half", "queued_at": "2026-11-01T08:00:00Z",
                  "seconds": 3600, "demand": {
                    "cpu": 4000, "memory": 8589934592, "group": "default",
                    "accelerator": {"kind": "nvidia.com/gpu", "models": ["P1"], "count": 1, "compute": 500, "memory": 8589934592}
                  }
                },
                {
                  "name": "serve", "workspace": "speech", "account": "bo", "priority": "high", "instances": 2,
                  "queued_at": "2026-11-01T08:10:00Z", "demand": {"cpu": 1000, "memory": 1073741824, "group": "default"}
                }
              ],
              "weights": {"vision": 200}
            }
            """
        let history = try JSONDecoder().decode(SimulationHistory.self, from: Data(text.utf8))
        let runs = history.simulatedRuns
        #expect(runs.map(\.arrives) == [0, 600] && runs.map(\.lasts) == [3600, 3000] && runs.map(\.instances) == [1, 2])
        #expect(try JSONDecoder().decode(SimulationHistory.self, from: JSONEncoder().encode(history)) == history)
        let result = Simulation(nodes: try #require(history.nodes), runs: runs, weights: history.weights ?? [:]).result()
        #expect(result.started == 2 && result.shares.map(\.weight) == [100, 200])
    }
}
