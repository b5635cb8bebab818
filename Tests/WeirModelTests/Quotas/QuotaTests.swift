import TestSupport
import Testing
import WeirModel

@Suite("Quotas")
struct QuotaTests {
    @Test("a limit says what may be held; the first that is passed is named, in one order (QUO-03)")
    func exceeded() {
        let quota = Quota(cpu: 4000, gpu: 1000, instances: 2)
        #expect(quota.firstExceeded(by: Holdings(cpu: 4000, memory: .gib(1000), gpu: 1000, instances: 2)) == nil)
        #expect(quota.firstExceeded(by: Holdings(cpu: 4001, gpu: 1001, instances: 3)) == .cpu)
        #expect(quota.exceeded(by: Holdings(cpu: 4001, gpu: 1000, instances: 3)) == [.cpu, .instances])
        #expect(Quota.unlimited.firstExceeded(by: Holdings(cpu: .max, memory: .gib(1 << 30), instances: .max)) == nil)
        #expect(Quota(gpuMemory: .gib(10)).firstExceeded(by: Holdings(gpuMemory: .gib(10) + 1)) == .gpuMemory)
        #expect(Quota(memory: 0).firstExceeded(by: Holdings(memory: 1)) == .memory)
    }

    @Test("the first that is passed is the first of all that are, for random quotas and holdings")
    func firstOfAll() {
        for seed in Property.seeds(200) {
            var random = SeededRandom(seed: seed)
            func some() -> Int? { Bool.random(using: &random) ? .random(in: 0...5, using: &random) : nil }
            let quota = Quota(
                cpu: some(), memory: some().map { Bytes(Int64($0)) }, gpu: some(), gpuMemory: some().map { Bytes(Int64($0)) },
                instances: some(), storage: some().map { Bytes(Int64($0)) })
            func any() -> Int { .random(in: 0...5, using: &random) }
            let holdings = Holdings(
                cpu: any(), memory: Bytes(Int64(any())), gpu: any(), gpuMemory: Bytes(Int64(any())), instances: any())
            #expect(quota.firstExceeded(by: holdings) == quota.exceeded(by: holdings).first, "seed \(seed)")
        }
    }

    @Test("shares and whole GPUs are counted as they are given out (QUO-08)")
    func counted() {
        let share = Flavor(
            name: "a", cpu: 500, memory: .gib(1), scratch: 0, gpu: GPUShare(kind: "nvidia.com/gpu", compute: 250, memory: .gib(10)),
            pricePerHour: 1)
        #expect(
            Holdings(share, instances: 3)
                == Holdings(cpu: 1500, memory: .gib(3), gpu: 750, gpuMemory: .gib(30), instances: 3))
        let two = Flavor(
            name: "b", cpu: 1000, memory: .gib(1), scratch: 0,
            gpu: GPUShare(kind: "nvidia.com/gpu", compute: 2000, memory: .gib(80), accelerator: "P1"), group: "lab", pricePerHour: 1)
        #expect(Holdings(two) == Holdings(cpu: 1000, memory: .gib(1), gpu: 2000, gpuMemory: .gib(160), instances: 1))
        #expect(
            two.demand
                == Demand(
                    cpu: 1000, memory: .gib(1),
                    accelerator: AcceleratorDemand(
                        kind: "nvidia.com/gpu", models: ["P1"], count: 2, compute: 1000, memory: .gib(80)), group: "lab"))
        var sum = Holdings.none
        sum += Holdings(share)
        sum += Holdings(two)
        sum -= Holdings(share)
        #expect(sum == Holdings(two))
        #expect(Holdings(two) - Holdings(two) == .none)
    }

    @Test("what is above a quota itself is refused with the rule, the numbers, and who can raise it (QUO-03)")
    func refused() throws {
        let wanted = Holdings(cpu: 1000, gpu: 1500, instances: 2)
        let ofWorkspace = Allowances(workspace: Allowance(quota: Quota(gpu: 1000)), person: .plain)
        let error = #expect(throws: WeirError.self) { try ofWorkspace.check(wanted) }
        #expect(error?.code == "above_quota")
        #expect(error?.rule == "QUO-03")
        #expect(error?.message.en == "This asks for 1.5 (GPU compute); the workspace's quota is 1, so it could never start.")
        #expect(error?.remedy?.en.contains("ask the operator") == true)

        let ofPerson = Allowances(workspace: .plain, person: Allowance(quota: Quota(instances: 1)))
        let personal = #expect(throws: WeirError.self) { try ofPerson.check(wanted) }
        #expect(personal?.subject == "instances")
        #expect(personal?.remedy?.zh.contains("空间所有者") == true)
        try Allowances.plain.check(wanted)
    }

    @Test("high is for administrators and owners, unless an allowance says another; the operator's bound holds for all (QUO-07)")
    func priorities() throws {
        #expect(Allowances.plain.highest(for: .member) == .normal)
        #expect(Allowances.plain.highest(for: .administrator) == .high)
        let trusted = Allowances(workspace: .plain, person: Allowance(highest: .high))
        #expect(trusted.highest(for: .member) == .high)
        let bounded = Allowances(workspace: Allowance(highest: .low), person: Allowance(highest: .high))
        #expect(bounded.highest(for: .owner) == .low)
        try bounded.check(.low, for: .owner)
        let error = #expect(throws: WeirError.self) { try Allowances.plain.check(.high, for: .member) }
        #expect(error?.code == "priority_not_allowed")
        #expect([PriorityClass.high, .low, .normal].sorted() == [.low, .normal, .high])
    }

    @Test("storage that is full takes nothing more, and nothing that does not fit (QUO-03, review 5)")
    func storage() throws {
        let allowances = Allowances(
            workspace: Allowance(quota: Quota(storage: .gib(10))), person: Allowance(quota: Quota(storage: .gib(4))))
        #expect(try allowances.checkStorage(workspace: .gib(8), person: .gib(2), adding: .gib(2)) == 0)
        #expect(try allowances.checkStorage(workspace: .gib(5), person: .gib(1), adding: 0) == .gib(3))
        #expect(try allowances.checkStorage(workspace: .gib(9), person: .gib(1), adding: 0) == .gib(1))
        #expect(try Allowances.plain.checkStorage(workspace: .gib(99), person: 0, adding: 0) == nil)
        // A change that adds nothing is never refused.
        #expect(try allowances.checkStorage(workspace: .gib(11), person: .gib(5), adding: 0) == 0)
        for (kept, own, adding, isPersonal) in [
            (Bytes.gib(8), Bytes.gib(2), Bytes.gib(2) + 1, false), (.gib(10), 0, nil, false), (.gib(5), .gib(4), nil, true),
            (.gib(5), .gib(3), .gib(2), true), (.gib(1), .gib(1), Bytes(.max), false),
        ] as [(Bytes, Bytes, Bytes?, Bool)] {
            let error = #expect(throws: WeirError.self) {
                try allowances.checkStorage(workspace: kept, person: own, adding: adding)
            }
            #expect(error?.code == "storage_quota")
            #expect(error?.message.en.hasPrefix("You keep") == isPersonal)
        }
        // Nobody is told what somebody else keeps.
        let keeper = #expect(throws: WeirError.self) {
            try allowances.checkStorage(workspace: .gib(5), person: .gib(4), isOwn: false, adding: 1)
        }
        #expect(keeper?.code == "storage_quota")
        #expect(keeper?.message.en.contains("GiB") == false && keeper?.message.zh.contains("GiB") == false)
        let shared = #expect(throws: WeirError.self) {
            try allowances.checkStorage(workspace: .gib(10), person: 0, isOwn: false, adding: 1)
        }
        #expect(shared?.message.en.hasPrefix("The workspace keeps") == true)
    }

    @Test("amounts are written as people read them")
    func written() {
        #expect(QuotaDimension.cpu.written(1500) == "1.5")
        #expect(QuotaDimension.gpu.written(5) == "0.005")
        #expect(QuotaDimension.gpu.written(2000) == "2")
        #expect(QuotaDimension.gpuMemory.written(40 << 30) == "40 GiB")
        #expect(QuotaDimension.instances.written(3) == "3")
        #expect(Set(QuotaDimension.allCases.map(\.name.zh)).count == QuotaDimension.allCases.count)
    }

    @Test("bounds of an allowance are checked by field")
    func bounds() {
        #expect(throws: WeirError.self) { try Allowance(weight: 0).check() }
        let error = #expect(throws: WeirError.self) { try Allowance(quota: Quota(cpu: -1)).check() }
        #expect(error?.subject == "quota.cpu")
        #expect(QuotaScope("everyone") == .everyone)
        #expect(QuotaScope("nobody") == nil)
    }
}
