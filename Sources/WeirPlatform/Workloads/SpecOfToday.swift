import WeirModel
import WeirStore

extension Reading {
    /// The spec with which a workload is started or run again: with its flavor as it is today, for a price list has prices for names
    /// (BIL-03), and within today's ceilings (DEV-24). Throws `flavor_retired` for one that nobody can choose any more.
    func specOfToday(_ spec: WorkloadSpec) throws -> WorkloadSpec {
        guard let record = try flavorRecord(spec.flavor.name) else { return spec }
        guard record.retiredAt == nil else { throw WeirError.flavorRetired(record.flavor.name) }
        let flavor = record.flavor
        var today = spec
        today.flavor = flavor
        guard let ceiling = flavor.longestRun else { return today }
        switch today.detail {
        case .environment(var environment):
            environment.autoStop = min(environment.autoStop ?? ceiling, ceiling)
            today.detail = .environment(environment)
        case .job(var job):
            job.timeLimit = min(job.timeLimit ?? ceiling, ceiling)
            today.detail = .job(job)
        // These end at the flavor's ceiling.
        case .service, .board: break
        }
        return today
    }
}

extension WeirError {
    static func flavorRetired(_ name: String) -> WeirError {
        WeirError(
            "flavor_retired", .conflict, subject: "flavor", rule: "QUO-01",
            LocalizedText("The flavor \(name) is not offered any more.", zh: "规格 \(name) 已停用。"),
            remedy: LocalizedText(
                "Switch to another flavor and start it then; a job is edited and run again with another flavor.",
                zh: "请先切换为其他规格再启动；训练任务请“编辑后重新运行”并选择其他规格。"))
    }
}
