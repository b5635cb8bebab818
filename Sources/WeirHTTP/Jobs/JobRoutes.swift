import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

struct JobRoutes {
    let jobs: Jobs
    let exports: Exports
    let accounts: Accounts
    let answers: WorkloadAnswers

    func add(to routes: Routes) {
        let (jobs, exports, accounts, answers) = (jobs, exports, accounts, answers)

        routes.post("projects/{project}/jobs", "createJob") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(NewJob.self)
            let workload = try await jobs.create(
                input.submission, command: input.command, timeLimit: input.timeLimit, in: project,
                key: call.idempotencyKey(for: input), by: call.caller)
            return try await answers.answer(workload, to: call, status: .created)
        }

        routes.post("workloads/{workload}/rerun", "rerunJob") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.inputOrNone(Rerun.self)
            let workload = try await jobs.rerun(
                id, name: input.name, key: call.idempotencyKey(for: input), by: call.caller)
            return try await answers.answer(workload, to: call, status: .created)
        }

        routes.post("jobs/{job}/export", "exportOutput") { call in
            let id = try call.id("job", of: Workload.self)
            let input = try await call.input(Export.self)
            let (asset, version) = try await exports.export(
                of: id, path: input.path ?? "", to: input.destination, note: input.note ?? "",
                key: call.idempotencyKey(for: input), by: call.caller)
            let people = try await accounts.people([asset.createdBy, version.createdBy])
            let roles = try await answers.platform.workspaces.roles(of: call.caller, in: [asset.workspace])
            return call.answer(
                [
                    "asset": AssetView(
                        asset: asset, rights: ThingRight.of(try call.caller, roles[asset.workspace], to: asset), people: people),
                    "version": VersionView(version: version, people: people),
                ], status: .created)
        }
    }

    struct NewJob: SubmissionInput {
        let name: String
        let text: String?
        let image: String
        let flavor: String
        let datasets: [MountInput]?
        let models: [MountInput]?
        let variables: [String: String]?
        let priority: PriorityClass?
        let access: WorkloadAccess?
        let command: String
        let timeLimit: Int?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, image, flavor, datasets, models, variables, command, priority, access
            case text = "description"
            case timeLimit = "time_limit"
        }
    }

    struct Rerun: Input, Encodable {
        let name: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case name }
    }

    struct Export: Input, Encodable {
        let kind: AssetKind
        let asset: Identifier<Asset>?
        let name: String?
        let path: String?
        let note: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case kind, asset, name, path, note }

        /// The asset that is named by its identifier, else the one of that name.
        var destination: Exports.Destination {
            get throws(WeirError) {
                if let asset { return .asset(asset) }
                guard let name else { throw .missing("name") }
                return .named(name, kind)
            }
        }
    }
}
