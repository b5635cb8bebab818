import WeirModel
import WeirStore

extension Reading {
    /// The spec with which a workload is started or run again: with its flavor as it is today, for a price list has prices for names
    /// (BIL-03), and within today's ceilings (DEV-24). A flavor that was taken from the list is as it was last.
    func specOfToday(_ spec: WorkloadSpec) throws -> WorkloadSpec {
        guard let flavor = try flavorRecord(spec.flavor.name)?.flavor else { return spec }
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
