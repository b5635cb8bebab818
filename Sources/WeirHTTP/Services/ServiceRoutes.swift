import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

struct ServiceRoutes {
    let services: Services
    let workloads: Workloads
    let commitment: PortCommitment
    let answers: WorkloadAnswers

    func add(to routes: Routes) {
        let (services, workloads, commitment, answers) = (services, workloads, commitment, answers)

        routes.post("projects/{project}/services", "createService") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(NewService.self)
            let workload = try await services.create(
                input.submission, input.program, in: project, key: call.idempotencyKey(for: input), by: call.caller)
            return try await answers.answer(workload, to: call, status: .created)
        }

        routes.get("workloads/{workload}/port", "getPort") { call in
            let workload = try await workloads.workload(call.id("workload"), for: call.caller)
            guard let port = try await answers.port(of: workload, for: call.caller) else {
                throw WeirError.notFound("port")
            }
            return call.answer(port.json)
        }

        routes.post("workloads/{workload}/port", "openPort") { call in
            let workload = try await workloads.workload(call.id("workload"), for: call.caller)
            let port = try await services.openPort(of: workload.id, by: call.caller)
            return call.answer(answers.view(port, of: workload).json)
        }

        routes.delete("workloads/{workload}/port", "closePort") { call in
            try await services.closePort(of: call.id("workload"), by: call.caller)
            return call.done()
        }

        routes.get("workspaces/{workspace}/commitments/port", "getPortCommitment") { call in
            let signed = try await commitment.signed(in: call.id("workspace"), by: call.caller)
            return call.answer(Self.show(signed, in: call.language))
        }

        routes.post("workspaces/{workspace}/commitments/port", "signPortCommitment") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(Signature.self)
            let signed = try await commitment.sign(version: input.textVersion, in: workspace, by: call.caller)
            return call.answer(Self.show(signed, in: call.language))
        }
    }

    private static func show(_ signed: Timestamp?, in language: Language) -> JSON {
        ["text_version": PortCommitment.version, "text": PortCommitment.text[language], "signed_at": signed]
    }

    struct Signature: Input {
        let textVersion: Int

        enum CodingKeys: String, CodingKey, CaseIterable { case textVersion = "text_version" }
    }

    struct NewService: SubmissionInput {
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
        let port: Int
        let mode: PortMode?
        let healthPath: String?
        let startLimit: Int?
        let replicas: Int?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, image, flavor, datasets, models, variables, command, port, mode, replicas, priority, access
            case text = "description"
            case healthPath = "health_path"
            case startLimit = "start_limit"
        }

        var program: Services.Program {
            Services.Program(
                command: command, port: port, mode: mode ?? .http, healthPath: healthPath,
                startLimit: startLimit ?? 300, replicas: replicas ?? 1)
        }
    }
}
