public import WeirModel
public import WeirStore

/// Interactive workloads (DEV-01..30).
public struct Environments: Sendable {
    let submissions: Submissions

    /// Starts an environment of the project. `autoStop` is in seconds; nil runs until somebody stops it (DEV-24).
    public func create(
        _ submission: Submission, tool: String?, autoStop: Int?, in project: Identifier<Project>,
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> WorkloadRecord {
        try await submissions.submit(
            submission, kind: .environment, in: project, code: .live, key: key, by: caller
        ) { resolved, _ in
            let tool = try resolved.image.interactiveTool(named: tool)
            return .environment(
                EnvironmentDetail(
                    tool: tool,
                    autoStop: try WorkloadRules.timeLimit(autoStop, flavor: resolved.flavor, field: "auto_stop")))
        }
    }
}
