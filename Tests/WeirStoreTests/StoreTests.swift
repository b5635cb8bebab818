import Testing
import WeirModel

@testable import WeirStore

@Suite("The store")
struct StoreTests {
    @Test("of transactions that share a commit, one that fails leaves the others and nothing of itself")
    func neighbours() async throws {
        let fixture = try await StoreFixture()
        let store = fixture.store
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask {
                    do {
                        try await store.write { db in
                            try db.setSetting("number.\(number)", to: "x")
                            if number % 3 == 0 { throw WeirError.notFound("nothing") }
                        }
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 42)
        for number in 0..<64 {
            let value = try await store.read { try $0.setting("number.\(number)") }
            #expect((value == nil) == (number % 3 == 0))
        }
    }

    @Test("the same key with the same request gives what was made; with another it is refused")
    func idempotency() async throws {
        let fixture = try await StoreFixture()
        let (account, now) = (fixture.account, fixture.now)
        try await fixture.store.write { db in
            try db.remember("wld_1", madeBy: account, key: "k", requestHash: "a", at: now)
        }
        #expect(try await fixture.store.read { try $0.made(by: account, key: "k", requestHash: "a") } == "wld_1")
        let error = await #expect(throws: WeirError.self) {
            try await fixture.store.read { try $0.made(by: account, key: "k", requestHash: "b") }
        }
        #expect(error?.code == "idempotency_key_reused")
    }

    @Test("ports are given in turn, so that a restart brings a new one, until none is left (INF-04, INF-07)")
    func ports() async throws {
        let fixture = try await StoreFixture()
        var jobs: [WorkloadRecord] = []
        for number in 0..<4 {
            jobs.append(try fixture.job("job-\(number)"))
            try await fixture.insert(jobs[number])
        }
        let now = fixture.now
        func open(_ job: WorkloadRecord) async throws -> Int {
            try await fixture.store.write { try $0.openPort(for: job.id, in: 100...102, at: now).number }
        }
        #expect(try await open(jobs[0]) == 100)
        #expect(try await open(jobs[0]) == 100)
        let first = jobs[0].id
        try await fixture.store.write { try $0.closePort(of: first) }
        #expect(try await open(jobs[0]) == 101)
        #expect(try await open(jobs[1]) == 102)
        #expect(try await open(jobs[2]) == 100)
        let error = await #expect(throws: WeirError.self) { try await open(jobs[3]) }
        #expect(error?.code == "no_free_port")
    }
}
