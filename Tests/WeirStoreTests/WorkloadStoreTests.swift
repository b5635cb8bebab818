import GRDB
import TestSupport
import Testing
import WeirModel

@testable import WeirStore

@Suite("Workloads in the store")
struct WorkloadStoreTests {
    @Test(
        "each narrowing of a list walks an index that is in the list's order, and sorts nothing",
        arguments: [
            WorkloadFilter(), WorkloadFilter(kind: .job), WorkloadFilter(state: .running),
            WorkloadFilter(kind: .job, state: .running), WorkloadFilter(kind: .job, name: "x"),
        ])
    func plans(_ filter: WorkloadFilter) async throws {
        let fixture = try await StoreFixture()
        let workspace = fixture.workspace
        let plan = try await fixture.store.read { reading in
            let statement = Reading.listStatement(in: workspace, filter, PageRequest())
            return try Row.fetchAll(
                reading.db, sql: "EXPLAIN QUERY PLAN " + statement.sql, arguments: statement.arguments
            ).map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("USING INDEX workload_"), "\(plan)")
        #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
    }

    @Test("what the Reconciler reads at the start does not walk the ended workloads")
    func livePlan() async throws {
        let fixture = try await StoreFixture()
        let plan = try await fixture.store.read { reading in
            try Row.fetchAll(
                reading.db,
                sql: """
                    EXPLAIN QUERY PLAN SELECT * FROM workload WHERE id IN (SELECT id FROM workload
                    WHERE state IN ('queued', 'deploying', 'running', 'stopping') OR wanted = 'deleted' AND deleted_at IS NULL
                    UNION SELECT workload FROM instance WHERE removed_at IS NULL)
                    """
            ).map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("workload_live"), "\(plan)")
        #expect(plan.contains("instance_present"), "\(plan)")
        #expect(!plan.contains("SCAN workload\n") && !plan.hasSuffix("SCAN workload"), "\(plan)")
    }

    @Test("an event writes the state, the run and the history together; one that does not fit changes nothing (DEV-27)")
    func apply() async throws {
        let fixture = try await StoreFixture()
        let job = try fixture.job("train")
        try await fixture.insert(job)
        let later = fixture.now + .seconds(5)
        try await fixture.store.write { db in
            try db.apply(.admitted, to: job, cause: Cause("admitted"), at: later)
            try db.apply(.ready, to: job, cause: Cause("ready"), at: later)
        }
        await #expect(throws: WeirError.self) {
            try await fixture.store.write { try $0.apply(.admitted, to: job, cause: Cause("admitted"), at: later) }
        }
        let (workload, history, runs) = try await fixture.store.read { db in
            (try db.workload(job.id), try db.transitions(of: job.id), try db.runs(of: job.id))
        }
        #expect(workload?.state == .running)
        #expect(workload?.runningSince == later)
        #expect(history.map(\.state) == [.queued, .deploying, .running])
        #expect(runs.map(\.runningAt) == [later])
    }

    @Test("pages follow each other without a gap or a repetition")
    func pages() async throws {
        let fixture = try await StoreFixture()
        for number in 0..<25 { try await fixture.insert(fixture.job("job-\(number)")) }
        let workspace = fixture.workspace
        var seen: [Identifier<Workload>] = []
        var cursor: String?
        repeat {
            let page = PageRequest(limit: 10, after: cursor)
            let part = try await fixture.store.read { try $0.workloads(in: workspace, WorkloadFilter(kind: .job), page) }
            seen += part.items.map(\.id)
            cursor = part.next
        } while cursor != nil
        #expect(seen.count == 25)
        #expect(seen == seen.sorted(by: >))
        #expect(Set(seen).count == 25)
    }

    @Test("what is stopped soonest comes first, by its timer or for being idle, and what is not is left out (X18)")
    func ending() async throws {
        let fixture = try await StoreFixture()
        let ends: [(stop: Int64?, idle: Int64?)] = [(500, nil), (nil, nil), (900, 100), (nil, 300), (200, 400), (500, nil), (nil, nil)]
        var jobs: [WorkloadRecord] = []
        for number in ends.indices {
            jobs.append(try fixture.job("job-\(number)"))
            try await fixture.insert(jobs[number])
        }
        let all = jobs
        try await fixture.store.write { db in
            for (job, end) in zip(all, ends) {
                try db.db.execute(
                    sql: "UPDATE workload SET stop_at = ?, idle_stop_at = ? WHERE id = ?", arguments: [end.stop, end.idle, job.id])
            }
        }
        for limit in [1, 2, 3, 10] {
            var (seen, cursor): ([String], String?) = ([], nil)
            repeat {
                let page = PageRequest(limit: limit, after: cursor, order: .ending)
                let part = try await fixture.store.read {
                    try $0.workloads(in: fixture.workspace, WorkloadFilter(state: .queued), page)
                }
                seen += part.items.map(\.name)
                cursor = part.next
            } while cursor != nil
            // What ends at the same time comes by its identifier.
            #expect(seen == ["job-2", "job-4", "job-3"] + [all[0], all[5]].sorted { $0.id < $1.id }.map(\.name))
        }
    }

    @Test("of replicas that were started again thousands of times, the newest attempts are seen, and the list comes in parts")
    func attempts() async throws {
        let fixture = try await StoreFixture()
        let service = try fixture.job("restless")
        try await fixture.insert(service)
        try await fixture.store.write { db in
            for attempt in 0..<1500 {
                for position in [0, 2] where position == 0 || attempt < 3 {
                    try db.insert(
                        InstanceRecord(
                            id: fixture.identifiers.next(Instance.self, at: fixture.now), workload: service.id, run: 1,
                            position: position, attempt: attempt, createdAt: fixture.now))
                }
            }
        }
        let seen = try await fixture.store.read { try $0.instances(of: service.id, run: 1) }
        #expect(seen.filter { $0.position == 0 }.map(\.attempt) == Array(1493..<1500))
        #expect(seen.filter { $0.position == 2 }.map(\.attempt) == [0, 1, 2])
        #expect(try await fixture.store.read { try $0.instances(of: service.id, run: 2) }.isEmpty)

        var (all, cursor): ([InstanceRecord], String?) = ([], nil)
        repeat {
            let page = PageRequest(limit: 200, after: cursor)
            let part = try await fixture.store.read { try $0.instances(of: service.id, run: 1, page) }
            all += part.items
            cursor = part.next
        } while cursor != nil
        #expect(all.count == 1503)
        #expect(all.map(\.id) == all.map(\.id).sorted(by: >))
    }

    @Test("a name is free again when its holder is deleted or is to be, and not before, whatever the case (X17)")
    func names() async throws {
        let fixture = try await StoreFixture()
        let job = try fixture.job("Train")
        try await fixture.insert(job)
        let same = try fixture.job("tRAIN")
        let error = await #expect(throws: WeirError.self) { try await fixture.insert(same) }
        #expect(error?.code == "name_taken")
        let (now, workspace) = (fixture.now, fixture.workspace)
        try await fixture.store.write { try $0.setWanted(.deleted, of: job.id) }
        try await fixture.insert(same)
        #expect(try await fixture.store.read { try $0.workload(named: Name("train"), kind: .job, in: workspace)?.id } == same.id)
        // The end of the first takes nothing from the second, and the second's frees the name as well.
        try await fixture.store.write { try $0.markDeleted(job.id, at: now) }
        let third = try fixture.job("train")
        await #expect(throws: WeirError.self) { try await fixture.insert(third) }
        try await fixture.store.write { try $0.markDeleted(same.id, at: now) }
        try await fixture.insert(third)
        let plan = try await fixture.store.read { reading in
            try Row.fetchAll(reading.db, sql: "EXPLAIN QUERY PLAN " + Reading.namedQuery, arguments: [workspace, "job", "train"])
                .map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("USING INDEX workload_name"), "\(plan)")
    }
}
