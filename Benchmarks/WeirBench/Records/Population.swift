import Foundation
import TestSupport
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

/// Workloads written into a site's store as if they had been lived.
struct Population {
    let site: Site

    /// `count` jobs that have completed, with their histories.
    func addFinished(_ count: Int) async throws {
        try await insert(count, isLive: false) { _ in site.jobSpec() }
        try await raw(
            """
            UPDATE workload SET state = 'completed', state_since = created_at + 60000, running_since = created_at + 900,
                ended_at = created_at + 60000 WHERE state = 'queued';
            UPDATE run SET running_at = queued_at + 900, ended_at = queued_at + 60000, outcome = 'completed'
                WHERE outcome IS NULL;
            INSERT INTO transition (workload, workspace, run, at, state, before, cause)
                SELECT id, workspace, 1, created_at + 500, 'deploying', 'queued', 'admitted' FROM workload
                WHERE state = 'completed';
            INSERT INTO transition (workload, workspace, run, at, state, before, cause)
                SELECT id, workspace, 1, created_at + 900, 'running', 'deploying', 'ready' FROM workload
                WHERE state = 'completed';
            INSERT INTO transition (workload, workspace, run, at, state, before, cause)
                SELECT id, workspace, 1, created_at + 60000, 'completed', 'running', 'exited' FROM workload
                WHERE state = 'completed';
            """)
    }

    /// `count` workloads that run: of a hundred, 90 jobs, 5 environments and 5 services with a port each.
    func addRunning(_ count: Int, ports: ClosedRange<Int> = 31_000...31_999) async throws {
        try await insert(count, isLive: true, ports: ports) { number in
            switch number % 100 {
            case 0..<5:
                WorkloadSpec(
                    image: site.image, flavor: site.jobSpec().flavor,
                    detail: .environment(EnvironmentDetail(tool: "jupyterlab", autoStop: nil)))
            case 5..<10:
                WorkloadSpec(
                    image: site.image, flavor: site.jobSpec().flavor,
                    detail: .service(
                        ServiceDetail(
                            command: "python serve.py",
                            code: site.jobSpec().code ?? TreeName(RandomIdentifiers().next(Tree.self, at: site.test.clock.now())),
                            port: 8000, mode: .http, healthPath: "/health", startLimit: 60, replicas: 1)))
            default: site.jobSpec()
            }
        }
        try await raw(
            """
            UPDATE workload SET state = 'running', state_since = created_at, running_since = created_at
                WHERE state = 'queued';
            UPDATE run SET running_at = queued_at WHERE outcome IS NULL;
            """)
    }

    private func insert(
        _ count: Int, isLive: Bool, ports: ClosedRange<Int>? = nil, _ spec: (Int) -> WorkloadSpec
    ) async throws {
        let cause = Cause("submitted", by: site.tenant.caller.id)
        for start in stride(from: 0, to: count, by: 500) {
            let jobs = try (start..<min(start + 500, count)).map { try site.job(spec($0)) }
            let instances = jobs.map { job, _ in
                InstanceRecord(
                    id: RandomIdentifiers().next(Instance.self, at: job.createdAt), workload: job.id, run: 1, position: 0,
                    attempt: 0, createdAt: job.createdAt)
            }
            try await site.platform.store.write { db in
                for ((job, name), instance) in zip(jobs, instances) {
                    try db.insert(job, name: name, cause: cause)
                    if job.kind == .service, let ports { _ = try db.openPort(for: job.id, in: ports, at: job.createdAt) }
                    try db.insert(instance)
                    try db.setStarted(instance.id, at: job.createdAt, address: "127.0.0.1")
                    if !isLive {
                        try db.setEnded(instance.id, at: job.createdAt, failure: nil)
                        try db.setRemoved(instance.id, at: job.createdAt)
                    }
                }
            }
            guard isLive else { continue }
            for ((job, _), instance) in zip(jobs, instances) {
                _ = try await site.test.engine.launch(
                    Launch(
                        instance: instance.id, workload: job.id, workspace: job.workspace, image: job.spec.image.digest,
                        command: nil, workingDirectory: "/", environment: [:], mounts: [], flavor: job.spec.flavor,
                        hostName: "bench", isEntered: false, logFile: "/dev/null"))
            }
        }
    }

    private func raw(_ sql: String) async throws {
        let path = site.test.folder.path + "/weir.sqlite"
        try await Threads.run {
            let database = try RawDatabase(path: path)
            try database.execute("BEGIN; \(sql) COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }
}
