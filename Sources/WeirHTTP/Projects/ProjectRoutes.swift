import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

struct ProjectRoutes {
    let projects: Projects
    let accounts: Accounts
    let workspaces: Workspaces

    func add(to routes: Routes) {
        let (projects, accounts, workspaces) = (projects, accounts, workspaces)
        let show = self.show

        routes.get("workspaces/{workspace}/projects", "listProjects") { call in
            let page = try await projects.list(
                in: call.id("workspace"), named: call.nameFilter(), call.pageOfChanged(), for: call.caller)
            let people = try await accounts.people(page.items.map(\.createdBy))
            let caller = try call.caller
            let roles = try await workspaces.roles(of: caller, in: Set(page.items.map(\.workspace)))
            return call.answer(page) { Self.show($0, ThingRight.of(caller, roles[$0.workspace], to: $0), people) }
        }

        routes.post("workspaces/{workspace}/projects", "createProject") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(ProjectInput.self)
            guard let name = input.name else { throw WeirError.missing("name") }
            let project = try await projects.create(
                in: workspace, name: name, description: input.description ?? "", tags: input.tags ?? [],
                key: call.idempotencyKey(for: input), by: call.caller)
            return call.answer(try await show(project, call), status: .created)
        }

        routes.get("projects/{project}", "getProject") { call in
            let project = try await projects.project(call.id("project"), for: call.caller)
            return call.answer(try await show(project, call))
        }

        routes.patch("projects/{project}", "changeProject") { call in
            let id = try call.id("project", of: Project.self)
            let input = try await call.input(ProjectInput.self)
            let project = try await projects.edit(
                id, name: input.name, description: input.description, tags: input.tags, by: call.caller)
            return call.answer(try await show(project, call))
        }

        routes.delete("projects/{project}", "deleteProject") { call in
            let id = try call.id("project", of: Project.self)
            try await projects.delete(id, typed: call.inputOrNone(Confirmation.self).confirm, by: call.caller)
            return call.done()
        }

        routes.get("projects/{project}/data", "listProjectData") { call in
            let data = try await projects.data(of: call.id("project"), for: call.caller)
            return call.answer(all: data) { mounted in
                let (record, asset) = (mounted.record, mounted.asset)
                let sync = !record.isKept ? "deleted" : "in_place"
                return [
                    "asset": record.asset, "name": asset?.name, "kind": asset?.kind, "version": record.version,
                    "latest_version": asset.flatMap { $0.latest == 0 ? nil : $0.latest }, "zone": asset?.zone, "sync": sync,
                    "workloads": record.workloads,
                    "live": record.live, "last_workload": ["id": record.lastWorkload, "name": record.lastWorkloadName] as JSON,
                ]
            }
        }
    }

    @Sendable private func show(_ project: ProjectRecord, _ call: Call) async throws -> JSON {
        let caller = try call.caller
        let roles = try await workspaces.roles(of: caller, in: [project.workspace])
        let rights = ThingRight.of(caller, roles[project.workspace], to: project)
        return Self.show(project, rights, try await accounts.people([project.createdBy]))
    }

    private static func show(_ project: ProjectRecord, _ rights: [ThingRight], _ people: People) -> JSON {
        [
            "id": project.id, "workspace": project.workspace, "name": project.name,
            "description": project.description, "tags": project.tags, "created_by": people.json(of: project.createdBy),
            "created_at": project.createdAt, "changed_at": project.changedAt, "rights": rights,
        ]
    }

    struct ProjectInput: Input, Encodable {
        let name: String?
        let description: String?
        let tags: [String]?

        enum CodingKeys: String, CodingKey, CaseIterable { case name, description, tags }
    }
}

/// The name that is typed before another person's thing is deleted.
struct Confirmation: Input {
    let confirm: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case confirm }
}

extension Accounts {
    /// Who the accounts are that an answer names.
    func people(_ ids: [Identifier<Account>]) async throws -> People {
        People(logins: try await logins(of: Set(ids)))
    }
}
