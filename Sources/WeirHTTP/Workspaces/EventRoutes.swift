import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Every change of state in a workspace, and every notice about its money, as it happens.
struct EventRoutes {
    let events: Events
    let accounts: Accounts

    func add(to routes: Routes) {
        let (events, accounts) = (events, accounts)

        routes.get("workspaces/{workspace}/events", "streamEvents") { call in
            let after = try call.resumePosition() ?? call.query("after", in: 0...Int64.max)
            let workspace = try call.id("workspace", of: Workspace.self)
            let sequence = try await events.follow(workspace, after: after, for: call.caller)
            let right = StreamRight(accounts: accounts) { caller in
                try await events.requireFollowing(workspace, for: caller)
            }
            return try ServerSentEvents.answer(call, sequence, under: right) { news in
                let people = try await accounts.people(news.transitions.compactMap(\.actor))
                // A notice is no place to go on after: without an id, the reader keeps that of the last transition.
                return news.transitions.map {
                    ServerSentEvent(
                        name: "transition", id: String($0.sequence), data: $0.json(people, in: call.language))
                } + news.notices.map { ServerSentEvent(name: "notice", id: nil, data: $0.json(in: call.language)) }
            }
        }
    }
}
