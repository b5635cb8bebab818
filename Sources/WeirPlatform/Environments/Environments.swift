public import WeirModel
public import WeirStore

/// Interactive workloads (DEV-01..30).
public struct Environments: Sendable {
    let submissions: Submissions

    /// Starts an environment of the project. `autoStop` is in seconds; nil runs until somebody stops it (DEV-24).
    /// - Parameters:
    ///   - openLog: whether the workspace may read the log of a personal one.
    ///   - onIdle: what it runs when its people are warned that nobody uses it (X18).
    public func create(
        _ submission: Submission, tool: String?, autoStop: Int?, openLog: Bool = false, onIdle: String? = nil,
        in project: Identifier<Project>,
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> WorkloadRecord {
        let hook = try onIdle.flatMap { try WorkloadRules.hook($0) }
        return try await submissions.submit(
            submission, kind: .environment, in: project, code: .live, key: key, by: caller
        ) { resolved, _ in
            let tool = try resolved.image.interactiveTool(named: tool)
            return .environment(
                EnvironmentDetail(
                    tool: tool,
                    autoStop: try WorkloadRules.timeLimit(autoStop, flavor: resolved.flavor, field: "auto_stop"),
                    openLog: openLog ? true : nil, onIdle: hook))
        }
    }
}
