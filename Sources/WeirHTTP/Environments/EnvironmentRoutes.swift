import Hummingbird
import WeirModel
import WeirPlatform

struct EnvironmentRoutes {
    let environments: Environments
    let answers: WorkloadAnswers

    func add(to routes: Routes) {
        let (environments, answers) = (environments, answers)

        routes.post("projects/{project}/environments", "createEnvironment") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(NewEnvironment.self)
            let workload = try await environments.create(
                input.submission, tool: input.tool, autoStop: input.autoStop, openLog: input.openLog ?? false, onIdle: input.onIdle,
                in: project,
                key: call.idempotencyKey(for: input), by: call.caller)
            return try await answers.answer(workload, to: call, status: .created)
        }
    }

    struct NewEnvironment: SubmissionInput {
        let name: String
        let text: String?
        let image: String
        let flavor: String
        let datasets: [MountInput]?
        let models: [MountInput]?
        let variables: [String: String]?
        let priority: PriorityClass?
        let access: WorkloadAccess?
        let tool: String?
        let autoStop: Int?
        let openLog: Bool?
        let onIdle: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, image, flavor, datasets, models, variables, tool, priority, access
            case text = "description"
            case autoStop = "auto_stop"
            case openLog = "open_log"
            case onIdle = "on_idle"
        }
    }
}
