import WeirEngine
import WeirHTTP
import WeirModel
import WeirPlatform
import WeirStore

extension Platform {
    /// Whether requests can be served, and the figures of the whole.
    func health(
        _ engine: any Engine, checkup: HostCheckup, warnings: @escaping @Sendable () async -> [Complaint]
    ) -> Health {
        Health(
            problems: {
                var problems: [LocalizedText] = []
                if await !reconciler.isReady {
                    problems.append(
                        LocalizedText(
                            "What ran before the start is still being looked up in the engine.", zh: "正在从引擎恢复启动前的状态。"))
                }
                do {
                    _ = try await store.read { try $0.lastTransition() }
                } catch {
                    problems.append(LocalizedText("The database does not answer.", zh: "数据库无响应。"))
                }
                return problems
            },
            warnings: {
                guard store.isShortOfSpace else { return await warnings() }
                return await warnings() + [
                    Complaint(
                        "database_short_of_space",
                        LocalizedText(
                            "The disk has been full: the database uses what was set aside for that. Free space on the disk.",
                            zh: "磁盘曾写满：数据库正在使用预留空间。请清理磁盘。"))
                ]
            },
            gauges: {
                guard let counts = try? await store.read({ try $0.liveCounts() }) else { return [] }
                let workloads = counts.map {
                    Gauge.Value(["kind": $0.kind.rawValue, "state": $0.state.rawValue], Int64($0.count))
                }
                let settled = settlementCounts.settled
                return [
                    Gauge("weir_settled_runs", "Settlements of runs since the start.", [Gauge.Value([:], settled.runs)]),
                    Gauge(
                        "weir_settled_charges", "Charges that were entered for runs since the start.", [Gauge.Value([:], settled.charges)]),
                    Gauge(
                        "weir_settlement_lag_seconds", "For how long a full hour has been over that is not settled.",
                        [Gauge.Value([:], settlementCounts.lag(at: clock.now()))]),
                    Gauge(
                        "weir_settlement_stuck", "Runs that could not be settled since the start; `weir ledger verify` names the first.",
                        [Gauge.Value([:], Int64(settlementCounts.stuck))]),
                    Gauge("weir_workloads", "Workloads that are not at their end, by kind and state.", workloads),
                    Gauge(
                        "weir_ports_open", "External ports that are open.",
                        [Gauge.Value([:], Int64(routes.counters().count))]),
                ]
            },
            checks: {
                // Weir's own ports are taken by itself.
                let findings = await checkup.findings().filter { $0.subject != "ports" }.map {
                    Health.Check(subject: $0.subject, status: $0.status.rawValue, text: $0.text, remedy: $0.remedy)
                }
                return await findings + leftovers()
            })
    }

    /// What was deleted and could not be removed takes space that nobody is charged for.
    private func leftovers() async -> [Health.Check] {
        let volumes = (try? await files.volumesWithLost()) ?? []
        return volumes.map { files.layout.path(of: .lost, in: $0) }.sorted().map { folder in
            Health.Check(
                subject: "files", status: "warning",
                text: LocalizedText(
                    "What was deleted cannot be removed from the disk. It lies in \(folder).", zh: "已删除的内容无法从磁盘移除，位于 \(folder)。"),
                remedy: LocalizedText("Find in the log why, and remove it by hand.", zh: "请在日志中查找原因，并手动移除。"))
        }
    }
}
