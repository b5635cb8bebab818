import Foundation
import Testing
import WeirModel

@Suite("Flavors and accelerators")
struct FlavorTests {
    @Test("a flavor that was stored before groups, classes and preemption were known is read with plain values")
    func older() throws {
        let text = """
            {"name":"half","cpu":8000,"memory":68719476736,"scratch":1,"processes":1024,"pricePerHour":"5.000000",
             "gpu":{"kind":"nvidia.com/gpu","compute":500,"memory":42949672960}}
            """
        let flavor = try JSONDecoder().decode(Flavor.self, from: Data(text.utf8))
        #expect(
            flavor
                == Flavor(
                    name: "half", cpu: 8000, memory: .gib(64), scratch: 1,
                    gpu: GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(40)), pricePerHour: 5))
        #expect(flavor.demand.group == Node.commonGroup)
        #expect(flavor.demand.accelerator?.models == [])
        #expect(try JSONDecoder().decode(Flavor.self, from: JSONEncoder().encode(flavor)) == flavor)
    }

    @Test("classes are B, S and P with a number, the slower first (QUO-01)")
    func grades() {
        #expect(AcceleratorGrade("P1")?.description == "P1")
        for text in ["", "P", "X1", "p1", "P0", "P01", "P100", "P1 "] { #expect(AcceleratorGrade(text) == nil, "\(text)") }
        let sorted = ["P1", "B10", "S1", "B2", "P2"].compactMap { AcceleratorGrade($0) }.sorted().map(\.description)
        #expect(sorted == ["B2", "B10", "S1", "P1", "P2"])
    }

    @Test("a device is of a class by kind, model and memory (QUO-01, QUO-10)")
    func classes() {
        let own = AcceleratorClass(
            name: AcceleratorGrade(.performance, 1), kind: "nvidia.com/gpu", models: ["*A100*80GB*", "NVIDIA H100*"], memory: .gib(80))
        #expect(own.matches(kind: "nvidia.com/gpu", model: "NVIDIA A100-SXM4-80GB", memory: .mib(81_920)))
        #expect(own.matches(kind: "nvidia.com/gpu", model: "nvidia h100 pcie", memory: .mib(81_559)))
        #expect(own.matches(kind: "nvidia.com/gpu", model: "NVIDIA H100", memory: 0))
        #expect(!own.matches(kind: "nvidia.com/gpu", model: "NVIDIA A100-SXM4-40GB", memory: .mib(40_960)))
        #expect(!own.matches(kind: "nvidia.com/gpu", model: "NVIDIA H100", memory: .gib(40)))
        #expect(!own.matches(kind: "amd.com/gpu", model: "NVIDIA H100", memory: .gib(80)))
        #expect(!own.matches(kind: "nvidia.com/gpu", model: "", memory: .gib(80)))
        let any = AcceleratorClass(name: AcceleratorGrade(.basic, 1), kind: "huawei.com/npu")
        #expect(any.matches(kind: "huawei.com/npu", model: "", memory: 0))
    }

    @Test("simulated accelerators are numbered through and named so that nobody takes them for real")
    func simulated() {
        let devices = SimulatedAccelerators.devices(of: [
            SimulatedAccelerators(name: AcceleratorGrade(.performance, 1), count: 2, memory: .gib(24)),
            SimulatedAccelerators(name: AcceleratorGrade(.basic, 1), count: 1, memory: .gib(8)),
        ])
        #expect(devices.map(\.device) == ["weir.simulated/gpu=0", "weir.simulated/gpu=1", "weir.simulated/gpu=2"])
        #expect(devices.map(\.model) == ["P1", "P1", "B1"])
        #expect(devices.map(\.kind) == Array(repeating: "weir.simulated/gpu", count: 3))
        #expect(SimulatedAccelerators.isSimulated(device: "weir.simulated/gpu=0"))
        #expect(!SimulatedAccelerators.isSimulated(device: "nvidia.com/gpu=0"))
    }

    @Test("a share is a part of one GPU or whole ones, and every bound is told by its field (QUO-08)")
    func problems() {
        func flavor(_ compute: Int, kind: String = "nvidia.com/gpu", accelerator: String? = nil) -> Flavor {
            Flavor(
                name: "a", cpu: 1000, memory: .gib(1), scratch: 0,
                gpu: GPUShare(kind: kind, compute: compute, memory: 0, accelerator: accelerator), pricePerHour: 1)
        }
        for compute in [1, 250, 1000, 2000, 64_000] { #expect(flavor(compute).problems == [], "\(compute)") }
        for compute in [0, 1500, 65_000, -1] { #expect(flavor(compute).problems.map(\.subject) == ["gpu.compute"], "\(compute)") }
        #expect(flavor(500, kind: "gpu").problems.map(\.subject) == ["gpu.kind"])
        #expect(flavor(500, accelerator: "fast").problems.map(\.subject) == ["gpu.class"])
        let wrong = Flavor(name: "A b", cpu: 1, memory: 1, scratch: -1, processes: 1, longestRun: 1, group: "", pricePerHour: -1)
        #expect(
            wrong.problems.map(\.subject) == [
                "name", "cpu", "memory", "scratch", "processes", "longest_run", "group", "price_per_hour",
            ])
    }
}
