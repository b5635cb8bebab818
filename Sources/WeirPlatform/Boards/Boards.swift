public import WeirModel
public import WeirStore

/// Visualisation of a project's results by TensorBoard (DEV-05, DEV-31).
public struct Boards: Sendable {
    static let tool = "tensorboard"
    let submissions: Submissions

    /// `path` is /gemini/output or a folder below it.
    public func create(
        _ submission: Submission, path: String?, in project: Identifier<Project>, key: IdempotencyKey? = nil,
        by caller: Caller
    ) async throws -> WorkloadRecord {
        let path = try WorkloadRules.boardPath(path)
        return try await submissions.submit(
            submission, kind: .board, in: project, code: .live, key: key, by: caller
        ) { resolved, _ in
            guard resolved.image.tools.contains(Self.tool) else { throw WeirError.toolMissing(Self.tool) }
            return .board(BoardDetail(logPath: path))
        }
    }
}
