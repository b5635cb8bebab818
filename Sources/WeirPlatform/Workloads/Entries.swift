public import WeirModel
import WeirStore

/// The way from the console or the CLI into a tool (DEV-07, DEV-28).
public struct Entries: Sendable {
    let store: Store
    let clock: any WallClock
    let tokens: EntryTokens
    /// The gateway's address as browsers see it, without a slash at its end.
    let gatewayURL: String
    let others: OtherTools

    public struct Entry: Sendable {
        public let url: String
        public let expiresAt: Timestamp
    }

    /// An address that is good for one entry within a minute. `tool` is the workload's own when nil; another one of an environment's image is
    /// started in it (DEV-05).
    public func enter(
        _ id: Identifier<Workload>, tool: String?, path: String = "", by caller: Caller
    ) async throws -> Entry {
        let workload = try await store.read { try $0.workload(id, for: caller, .enter) }
        try workload.state.require(.enter, for: workload.kind)
        let own: String
        switch workload.spec.detail {
        case .environment(let environment): own = environment.tool
        case .board: own = Boards.tool
        case .job, .service: throw WeirError.wrongState("enter", workload.state)
        }
        let tool = tool ?? own
        if tool != own, tool != ToolName.terminal || workload.kind != .environment {
            guard workload.kind == .environment, ToolName.isValid(tool) else { throw WeirError.toolMissing(tool) }
            try await others.open(tool, in: workload)
        }
        let token = try tokens.issue(
            to: caller.id, as: caller.login?.reference, until: caller.login?.endsAt, for: workload.id, tool: tool, path: path)
        return Entry(
            url: "\(gatewayURL)/enter?token=\(token)", expiresAt: clock.now() + EntryTokens.tokenLife)
    }
}
