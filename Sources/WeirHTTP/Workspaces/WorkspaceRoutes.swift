import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// A workspace as one of its members sees it.
struct WorkspaceView: JSONConvertible {
    let record: WorkspaceRecord
    let role: Role

    var json: JSON {
        [
            "id": record.id, "name": record.name, "role": role, "created_at": record.createdAt, "state": record.state,
            "closing_due": record.closing?.due,
        ]
    }
}

struct WorkspaceRoutes {
    let workspaces: Workspaces

    func add(to routes: Routes) {
        let workspaces = workspaces

        routes.get("workspaces", "listWorkspaces") { call in
            let page = try await workspaces.list(of: call.caller, call.page())
            return call.answer(page) { WorkspaceView(record: $0, role: $1).json }
        }

        routes.get("operator/workspaces", "listAllWorkspaces") { call in
            try call.caller.requireOperator()
            let page = try await workspaces.all(named: call.nameFilter(), call.pageOfNamed(), by: call.caller)
            return call.answer(page) { standing in
                [
                    "id": standing.workspace.id, "name": standing.workspace.name, "created_at": standing.workspace.createdAt,
                    "members": standing.members, "balance": standing.balance.balance,
                    "used_up_since": standing.balance.usedUpSince, "state": standing.workspace.state,
                    "closing_due": standing.workspace.closing?.due, "closed_at": standing.workspace.closedAt,
                ]
            }
        }

        routes.post("workspaces", "createWorkspace") { call in
            let input = try await call.input(NewWorkspace.self)
            let workspace = try await workspaces.create(name: input.name, by: call.caller)
            return call.answer(WorkspaceView(record: workspace, role: .owner).json, status: .created)
        }

        routes.get("workspaces/{workspace}", "getWorkspace") { call in
            let (workspace, role) = try await workspaces.workspace(call.id("workspace"), for: call.caller)
            return call.answer(WorkspaceView(record: workspace, role: role).json)
        }

        routes.patch("workspaces/{workspace}", "changeWorkspace") { call in
            let id = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(NewWorkspace.self)
            _ = try await workspaces.rename(id, to: input.name, by: call.caller)
            let (workspace, role) = try await workspaces.workspace(id, for: call.caller)
            return call.answer(WorkspaceView(record: workspace, role: role).json)
        }

        routes.get("workspaces/{workspace}/members", "listMembers") { call in
            let filter = MemberFilter(name: try call.nameFilter(), role: try call.query("role", as: Role.self))
            let page = try await workspaces.members(of: call.id("workspace"), filter, call.page(), for: call.caller)
            return call.answer(page, Self.show)
        }

        routes.put("workspaces/{workspace}/members/{login}", "setMember") { call in
            let id = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(SetMember.self)
            let member = try await workspaces.setRole(
                input.role, ofLogin: call.text("login"), in: id, by: call.caller)
            return call.answer(Self.show(member))
        }

        routes.delete("workspaces/{workspace}/members/{login}", "removeMember") { call in
            try await workspaces.remove(login: call.text("login"), from: call.id("workspace"), by: call.caller)
            return call.done()
        }
    }

    @Sendable private static func show(_ member: MemberRecord) -> JSON {
        [
            "account": member.account, "login": member.login, "display_name": member.displayName,
            "role": member.role, "since": member.since,
        ]
    }

    struct NewWorkspace: Input {
        let name: String

        enum CodingKeys: String, CodingKey, CaseIterable { case name }
    }

    struct SetMember: Input {
        let role: Role

        enum CodingKeys: String, CodingKey, CaseIterable { case role }
    }
}
