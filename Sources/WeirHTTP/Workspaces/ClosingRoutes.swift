import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// How a workspace ends, and what stays of those who left it.
struct ClosingRoutes {
    let closings: Closings
    let departures: Departures

    func add(to routes: Routes) {
        let (closings, departures) = (closings, departures)

        routes.get("workspaces/{workspace}/closing", "getClosing") { call in
            let (workspace, contents) = try await closings.look(at: call.id("workspace"), for: call.caller)
            return call.answer([
                "state": workspace.state, "since": workspace.closing?.since, "due": workspace.closing?.due,
                "closed_at": workspace.closedAt, "name": workspace.name,
                "deletes": [
                    "members": contents.members, "projects": contents.projects, "datasets": contents.datasets,
                    "models": contents.models, "images": contents.images, "by_kind": contents.held.json,
                ] as JSON, "live": contents.live,
            ])
        }

        routes.delete("workspaces/{workspace}", "closeWorkspace") { call in
            let id = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(WorkspaceRoutes.NewWorkspace.self)
            let closing = try await closings.close(id, named: input.name, by: call.caller)
            return call.answer(WorkspaceView(record: closing, role: .owner).json, status: .accepted)
        }

        routes.post("workspaces/{workspace}/reopen", "reopenWorkspace") { call in
            let workspace = try await closings.reopen(call.id("workspace"), by: call.caller)
            return call.answer(WorkspaceView(record: workspace, role: .owner).json)
        }

        routes.get("workspaces/{workspace}/left-behind", "listLeftBehind") { call in
            let left = try await departures.leftBehind(in: call.id("workspace"), for: call.caller)
            return call.answer(all: left) { person in
                let record = person.record
                return [
                    "account": ["id": record.account, "login": person.login] as JSON, "left_at": record.leftAt, "due_at": record.dueAt,
                    "handed_at": record.handedAt, "handed_to": person.heir,
                    "things": person.things.map { ["kind": $0.kind, "size": $0.bytes] as JSON }, "personal": person.personal,
                    "environments": person.environments.map { ["id": $0.id, "name": $0.name, "state": $0.state] as JSON },
                ]
            }
        }
    }
}
