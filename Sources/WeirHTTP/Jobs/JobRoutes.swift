import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

struct JobRoutes {
    let jobs: Jobs
    let answers: WorkloadAnswers

    func add(to routes: Routes) {
        let (jobs, answers) = (jobs, answers)

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
}
