import Hummingbird
import WeirModel
import WeirPlatform

struct BoardRoutes {
    let boards: Boards
    let answers: WorkloadAnswers

    func add(to routes: Routes) {
        let (boards, answers) = (boards, answers)

        routes.post("projects/{project}/boards", "createBoard") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(NewBoard.self)
            let workload = try await boards.create(
                input.submission, path: input.path, in: project, key: call.idempotencyKey(for: input), by: call.caller)
            return try await answers.answer(workload, to: call, status: .created)
        }
    }

    struct NewBoard: SubmissionInput {
        let name: String
        let text: String?
        let image: String
        let flavor: String
        let path: String?
        let priority: PriorityClass?

        var datasets: [MountInput]? { nil }
        var models: [MountInput]? { nil }
        var variables: [String: String]? { nil }
        var access: WorkloadAccess? { nil }

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, image, flavor, path, priority
            case text = "description"
        }
    }
}
