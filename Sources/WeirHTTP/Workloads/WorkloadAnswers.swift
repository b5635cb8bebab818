import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// From a workload's record to its answer: the people and the port that go with it.
struct WorkloadAnswers: Sendable {
    let platform: Platform

    func answer(_ workload: WorkloadRecord, to call: Call, status: HTTPResponse.Status = .ok) async throws -> Response {
        let people = try await platform.accounts.people([workload.createdBy, workload.startedBy])
        let caller = try call.caller
        let roles = try await platform.workspaces.roles(of: caller, in: [workload.workspace])
        let port = workload.kind == .service ? try await port(of: workload, for: caller) : nil
        let view = WorkloadView(
            workload: workload, viewer: caller, role: roles[workload.workspace], people: people, port: port,
            run: try await platform.bills.lastRuns(of: [workload])[workload.id],
            hidden: try await platform.assets.hidden(from: caller, in: [workload]), now: platform.clock.now(), language: call.language)
        return call.answer(view.json, status: status)
    }

    func answer(_ page: Page<WorkloadRecord>, to call: Call) async throws -> Response {
        let people = try await platform.accounts.people(page.items.flatMap { [$0.createdBy, $0.startedBy] })
        let caller = try call.caller
        let roles = try await platform.workspaces.roles(of: caller, in: Set(page.items.map(\.workspace)))
        let runs = try await platform.bills.lastRuns(of: page.items)
        let ports = try await platform.workloads.ports(of: page.items)
        let hidden = try await platform.assets.hidden(from: caller, in: page.items)
        let now = platform.clock.now()
        return call.answer(page) { workload in
            WorkloadView(
                workload: workload, viewer: caller, role: roles[workload.workspace], people: people,
                port: ports[workload.id].map { view($0, of: workload) }, run: runs[workload.id], hidden: hidden, now: now,
                language: call.language
            ).json
        }
    }

    func port(of workload: WorkloadRecord, for caller: Caller) async throws -> PortView? {
        guard let port = try await platform.workloads.port(of: workload.id, for: caller) else { return nil }
        return view(port, of: workload)
    }

    func view(_ port: PortRecord, of workload: WorkloadRecord) -> PortView {
        let open = platform.routes.port(port.number).flatMap { $0.route.workload == workload.id ? $0 : nil }
        let mode = if case .service(let service) = workload.spec.detail { service.mode } else { PortMode.http }
        return PortView(
            port: port, mode: mode, host: platform.settings.gatewayHost, isTLS: platform.settings.gatewayURL.hasPrefix("https:"),
            traffic: open?.traffic.count,
            idleLimit: platform.settings.portIdleLimit)
    }
}
