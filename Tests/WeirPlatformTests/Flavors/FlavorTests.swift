import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Flavors as the operator changes them")
struct FlavorTests {
    private let root = Caller.testOperator

    private func flavor(_ name: String, cpu: Int = 1000, gpu: GPUShare? = nil) -> Flavor {
        Flavor(name: name, cpu: cpu, memory: .gib(1), scratch: .gib(1), gpu: gpu, pricePerHour: 1)
    }

    @Test("a changed flavor changes neither what runs nor what it costs, and holds for what is submitted next (QUO-02, BIL-06)")
    func changed() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let ada = try await test.tenant(on: platform)
            let job = try await ada.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            let tariff = try await platform.tariffs.inForce().number
            _ = try await platform.flavors.change("small", by: root) { old in
                Flavor(name: old.name, cpu: 3000, memory: .gib(4), scratch: .gib(1), pricePerHour: old.pricePerHour)
            }
            let running = try await platform.workloads.workload(job.id, for: ada.caller)
            #expect(running.spec.flavor == TestPlatform.small)
            #expect(try await platform.zones.held().cpu == 2000)
            #expect(try await platform.tariffs.inForce().number == tariff)

            let next = try await ada.job("next", on: platform)
            #expect(next.spec.flavor.cpu == 3000)
            // Once retired it cannot be chosen; what runs goes on.
            _ = try await platform.flavors.retire("small", by: root)
            await #expect(throws: WeirError.notFound("flavor")) { try await ada.job("late", on: platform) }
            #expect(try await platform.workloads.workload(job.id, for: ada.caller).state == .running)
            _ = try await platform.workloads.stop(job.id, by: ada.caller)
            try await platform.wait(for: job, toBe: .stopped)
            let changes = try await platform.flavors.changes(of: "small", PageRequest()).items
            #expect(changes.map(\.actor) == [root.id, root.id, nil])
        }
    }

    @Test("a retired flavor is had no more by running again, starting or restarting; what runs goes on (faults G4, QUO-01)")
    func retired() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let ada = try await test.tenant(on: platform)
            let job = try await ada.job("train", on: platform)
            var made: [WorkloadRecord] = []
            for name in ["stopped", "running"] {
                made.append(
                    try await platform.environments.create(
                        ada.submission(name), tool: nil, autoStop: nil, in: ada.project, by: ada.caller))
            }
            for workload in [job, made[0], made[1]] { try await platform.wait(for: workload, toBe: .running) }
            for workload in [job, made[0]] {
                _ = try await platform.workloads.stop(workload.id, by: ada.caller)
                try await platform.wait(for: workload, toBe: .stopped)
            }
            _ = try await platform.flavors.retire("small", by: root)
            let (stopped, running) = (made[0], made[1])
            let errors = [
                await #expect(throws: WeirError.self) { try await platform.jobs.rerun(job.id, by: ada.caller) },
                await #expect(throws: WeirError.self) { try await platform.workloads.start(stopped.id, by: ada.caller) },
                await #expect(throws: WeirError.self) { try await platform.workloads.restart(running.id, by: ada.caller) },
            ]
            #expect(errors.map { $0?.code } == ["flavor_retired", "flavor_retired", "flavor_retired"])
            #expect(errors.allSatisfy { $0?.remedy != nil })
            #expect(try await platform.workloads.workload(running.id, for: ada.caller).state == .running)
            _ = try await platform.workloads.switchFlavor(of: stopped.id, to: "tiny", by: ada.caller)
            _ = try await platform.workloads.start(stopped.id, by: ada.caller)
            try await platform.wait(for: stopped, toBe: .running)
        }
    }

    @Test("a flavor without a price says who would be refused; one with a price is priced from now on (BIL-06)")
    func prices() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let bare = try await platform.flavors.create(flavor("bare"), pricePerHour: nil, by: root)
        #expect(bare.pricePerHour == nil)
        #expect(bare.unpriced == [.job, .service])
        var submission = ada.submission("a")
        submission.flavor = "bare"
        let (asked, project, caller) = (submission, ada.project, ada.caller)
        let error = await #expect(throws: WeirError.self) {
            try await platform.jobs.create(asked, command: "true", timeLimit: nil, in: project, by: caller)
        }
        #expect(error?.code == "no_price")

        let before = try await platform.tariffs.inForce()
        let priced = try await platform.flavors.create(flavor("priced"), pricePerHour: Points(7), by: root)
        #expect(priced.pricePerHour == Points(7))
        #expect(priced.unpriced == [])
        let after = try await platform.tariffs.inForce()
        #expect(after.number == before.number + 1)
        #expect(after.flavors == before.flavors + [FlavorPrice(flavor: "priced", perHour: Points(7))])

        // A new list of the file keeps the price of what people made.
        let other = Flavor(name: "small", cpu: 2000, memory: .gib(8), scratch: .gib(1), pricePerHour: Points(9))
        try await platform.prepare(flavors: [other], prices: Tariff(of: [other]), at: SystemClock().now())
        let list = try await platform.tariffs.inForce()
        #expect(list.flavors.first { $0.flavor == "priced" }?.perHour == Points(7))
        #expect(list.flavors.first { $0.flavor == "small" }?.perHour == Points(9))
        #expect(try await platform.flavors.list().map(\.flavor.name) == ["small", "bare", "priced"])
    }

    @Test("only the operator changes flavors, names are unique for ever, and what is wrong is told by its field")
    func refused() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let flavors = platform.flavors
        await #expect(throws: WeirError.operatorOnly()) { try await flavors.create(flavor("x"), pricePerHour: nil, by: ada.caller) }
        await #expect(throws: WeirError.operatorOnly()) { try await flavors.retire("small", by: ada.caller) }
        await #expect(throws: WeirError.operatorOnly()) { try await flavors.order(["small"], by: ada.caller) }
        _ = try await flavors.retire("small", by: root)
        await #expect(throws: WeirError.flavorTaken("small")) { try await flavors.create(flavor("small"), pricePerHour: nil, by: root) }
        let error = await #expect(throws: WeirError.self) {
            try await flavors.create(
                flavor("odd", gpu: GPUShare(kind: "nvidia.com/gpu", compute: 1500, memory: 0)), pricePerHour: nil, by: root)
        }
        #expect(error?.subject == "gpu.compute")
        _ = try await flavors.restore("small", by: root)
        #expect(try await flavors.order(["tiny"], by: root).map(\.flavor.name) == ["tiny", "small", "spot"])
    }

    @Test("simulated accelerators are given out by share and memory like others, and waited for when they are full (QUO-08, QUO-05)")
    func simulated() async throws {
        let half = Flavor(
            name: "half", cpu: 1000, memory: .gib(1), scratch: .gib(1),
            gpu: GPUShare(kind: SimulatedAccelerators.kind, compute: 500, memory: .gib(12), accelerator: "P1"), pricePerHour: 1)
        let test = try TestPlatform(
            simulatedAccelerators: [SimulatedAccelerators(name: AcceleratorGrade(.performance, 1), count: 1, memory: .gib(24))],
            flavors: [TestPlatform.tiny, half])
        try await test.running { platform in
            let node = try #require(try await platform.zones.nodes().first)
            #expect(
                node.accelerators == [
                    Accelerator(device: "weir.simulated/gpu=0", kind: "weir.simulated/gpu", model: "P1", memory: .gib(24))
                ])
            #expect(try await platform.zones.total().gpuMemory == .gib(24))
            let ada = try await test.tenant(on: platform)
            var jobs: [WorkloadRecord] = []
            for name in ["a", "b", "c"] {
                var submission = ada.submission(name)
                submission.flavor = "half"
                jobs.append(
                    try await platform.jobs.create(submission, command: "true", timeLimit: nil, in: ada.project, by: ada.caller))
            }
            try await platform.wait(for: jobs[0], toBe: .running)
            try await platform.wait(for: jobs[1], toBe: .running)
            #expect(test.engine.launches.map(\.devices) == [["weir.simulated/gpu=0"], ["weir.simulated/gpu=0"]])
            #expect(try await platform.zones.held().gpu == 1000)
            #expect(try await platform.workloads.workload(jobs[2].id, for: ada.caller).state == .queued)
            _ = try await platform.workloads.stop(jobs[0].id, by: ada.caller)
            try await platform.wait(for: jobs[2], toBe: .running)

            let offers = try await platform.flavors.accelerators()
            #expect(offers.map(\.kind) == [nil, "weir.simulated/gpu"])
            #expect(offers.last?.isSimulated == true)
            #expect(offers.last?.flavors == ["half"])
            #expect(try await platform.flavors.list(Flavors.Filter(accelerator: "P1")).map(\.flavor.name) == ["half"])
        }
    }

    @Test("what no node could ever hold is refused at once: another class, another group, too many at once (X22, QUO-11)")
    func neverFits() async throws {
        let kind = SimulatedAccelerators.kind
        let other = flavor("other", gpu: GPUShare(kind: kind, compute: 500, memory: 0, accelerator: "P2"))
        let group = Flavor(name: "group", cpu: 1000, memory: .gib(1), scratch: .gib(1), group: "lab", pricePerHour: 1)
        let whole = flavor("whole", gpu: GPUShare(kind: kind, compute: 2000, memory: .gib(1)))
        let test = try TestPlatform(
            simulatedAccelerators: [SimulatedAccelerators(name: AcceleratorGrade(.performance, 1), count: 1, memory: .gib(24))],
            flavors: [other, group, whole])
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        for name in ["other", "group", "whole"] {
            var submission = ada.submission(name)
            submission.flavor = name
            let (asked, project, caller) = (submission, ada.project, ada.caller)
            let error = await #expect(throws: WeirError.self) {
                try await platform.jobs.create(asked, command: "true", timeLimit: nil, in: project, by: caller)
            }
            #expect(error?.code == "too_large_for_zone", "\(name)")
        }
    }

    @Test("nor does it wait when it is started, switched or run again after the machine has shrunk (X22, audit-b B8)")
    func neverFitsAgain() async throws {
        let giant = Flavor(name: "giant", cpu: 64_000, memory: .gib(1), scratch: .gib(1), pricePerHour: 1)
        let test = try TestPlatform(flavors: TestPlatform.flavors + [giant])
        let (ada, lab, job) = try await test.running { platform in
            let ada = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                ada.submission("lab"), tool: nil, autoStop: nil, in: ada.project, by: ada.caller)
            let job = try await ada.job("train", on: platform)
            try await platform.wait(for: lab, toBe: .running)
            try await platform.wait(for: job, toBe: .running)
            test.engine.endInstances(of: job.id, .succeeded)
            _ = try await platform.workloads.stop(lab.id, by: ada.caller)
            try await platform.wait(for: lab, toBe: .stopped)
            try await platform.wait(for: job, toBe: .completed)
            let error = await #expect(throws: WeirError.self) {
                try await platform.workloads.switchFlavor(of: lab.id, to: "giant", by: ada.caller)
            }
            #expect(error?.code == "too_large_for_zone")
            return (ada, lab, job)
        }
        let smaller = SimulatedEngine(clock: test.clock, capacity: EngineCapacity(cpu: 1000, memory: .gib(1)))
        let platform = try await test.start(engine: smaller)
        let started = await #expect(throws: WeirError.self) { try await platform.workloads.start(lab.id, by: ada.caller) }
        let again = await #expect(throws: WeirError.self) { try await platform.jobs.rerun(job.id, by: ada.caller) }
        #expect(started?.code == "too_large_for_zone" && again?.code == "too_large_for_zone")
    }

    @Test("each kind of workload has the price that its form quotes (BIL-06, ux 11)")
    func pricesOfKinds() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let offer = try await platform.flavors.flavor("small")
        let tariff = try await platform.tariffs.inForce()
        for kind in WorkloadKind.allCases {
            #expect(try offer.prices[kind] == tariff.price(kind: kind, flavor: offer.flavor, replicas: 1).amount(minutes: 60))
        }
        #expect(offer.prices[.job] == offer.pricePerHour)
    }

    @Test("devices of the engine get their class, and the class's memory when they do not say their own (QUO-01, QUO-10)")
    func classified() {
        let classes = [
            AcceleratorClass(name: AcceleratorGrade(.performance, 1), kind: "nvidia.com/gpu", models: ["*A100*"], memory: .gib(80)),
            AcceleratorClass(name: AcceleratorGrade(.standard, 1), kind: "huawei.com/npu", memory: .gib(64)),
        ]
        let devices = [
            EngineGPU(device: "nvidia.com/gpu=0", memory: .gib(79), model: "NVIDIA A100"),
            EngineGPU(device: "nvidia.com/gpu=1", memory: .gib(24), model: "NVIDIA A10"),
            EngineGPU(device: "huawei.com/npu=0", memory: 0),
        ].map { $0.classified(by: classes) }
        #expect(devices.map(\.model) == ["P1", "NVIDIA A10", "S1"])
        #expect(devices.map(\.memory) == [.gib(79), .gib(24), .gib(64)])
    }

    @Test("sizing advice names flavors with their prices (QUO-14)")
    func sizing() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let found = try await platform.flavors.suggestions(for: .development)
        #expect(found.flavors.map(\.0.flavor.name) == ["spot", "tiny", "small"])
        #expect(found.flavors.first?.0.pricePerHour == Points(micro: 500_000))
    }
}
