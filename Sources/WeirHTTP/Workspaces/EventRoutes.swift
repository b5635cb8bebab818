import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Every change of state in a workspace as it happens.
struct EventRoutes {
    let events: Events
    let accounts: Accounts

    func add(to routes: Routes) {
        let (events, accounts) = (events, accounts)

        routes.get("workspaces/{workspace}/events", "streamEvents") { call in
            let after = try call.resumePosition() ?? call.query("after", in: 0...Int64.max)
            let transitions = try await events.follow(call.id("workspace"), after: after, for: call.caller)
            return try ServerSentEvents.answer(call, transitions) { batch in
                let people = try await accounts.people(batch.compactMap(\.actor))
                return batch.map {
                    ServerSentEvent(
                        name: "transition", id: String($0.sequence), data: $0.json(people, in: call.language))
                }
            }
        }
    }
}
