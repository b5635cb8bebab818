import Hummingbird
import WeirModel
import WeirPlatform

/// What a submission will cost, asked with its own body (BIL-23).
struct QuoteRoutes {
    let quotes: Quotes

    func add(to routes: Routes) {
        let quotes = quotes

        routes.post("projects/{project}/environments/quote", "quoteEnvironment") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(EnvironmentRoutes.NewEnvironment.self)
            let request = Quotes.Request(kind: .environment, flavor: input.flavor, limit: input.autoStop)
            return call.answer(try await quotes.quote(request, in: project, for: call.caller).json(in: call.language))
        }

        routes.post("projects/{project}/jobs/quote", "quoteJob") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(JobRoutes.NewJob.self)
            let request = Quotes.Request(kind: .job, flavor: input.flavor, limit: input.timeLimit)
            return call.answer(try await quotes.quote(request, in: project, for: call.caller).json(in: call.language))
        }

        routes.post("projects/{project}/services/quote", "quoteService") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(ServiceRoutes.NewService.self)
            let request = Quotes.Request(kind: .service, flavor: input.flavor, replicas: input.replicas ?? 1)
            return call.answer(try await quotes.quote(request, in: project, for: call.caller).json(in: call.language))
        }

        routes.post("projects/{project}/boards/quote", "quoteBoard") { call in
            let project = try call.id("project", of: Project.self)
            let input = try await call.input(BoardRoutes.NewBoard.self)
            let request = Quotes.Request(kind: .board, flavor: input.flavor)
            return call.answer(try await quotes.quote(request, in: project, for: call.caller).json(in: call.language))
        }
    }
}
