import Foundation
import HTTPTypes
import Hummingbird
import WeirModel

/// The console: pages, the forms on them, and the files that they use. Everything else is the API's.
struct ConsoleRoutes {
    let settings: HTTPSettings
    let api: RouterResponder<RequestInformation>
    /// The installation's time zone, in which all times are shown.
    let zone: TimeZone

    func add(to router: Router<RequestInformation>) throws {
        let (settings, own, zone) = (settings, OwnAPI(responder: api), zone)
        let folder = settings.consoleFolder
        let libraries = try settings.editorFolder.map(ConsoleFiles.editor) ?? [:]
        let builtIn = try ConsoleFiles(folder: folder, libraries: libraries)
        let answers: @Sendable () throws -> PageAnswer = {
            PageAnswer(
                files: folder == nil ? builtIn : try ConsoleFiles(folder: folder, libraries: libraries), api: own, settings: settings,
                zone: zone)
        }

        @Sendable func shown(
            _ request: Request, _ information: RequestInformation, _ respond: (PageAnswer, Visit) async throws -> Response
        ) async throws -> Response {
            let (answers, visit) = (try answers(), Visit(request, information, secure: settings.tls != nil))
            do {
                return try await respond(answers, visit)
            } catch {
                return await answers.failure(ErrorAnswer.weirError(for: error, logger: information.logger), for: visit)
            }
        }

        router.add(
            middleware: MissingPages { request, information in
                try await shown(request, information) { _, _ in throw WeirError.noPage() }
            })
        for page in builtIn.pages.all {
            router.get(RouterPath(page.path)) { request, information in
                try await shown(request, information) { try await $0.respond(to: $1, at: Address($1.address)) }
            }
        }
        router.post("/form/**") { request, information in
            try await shown(request, information) { try await ConsoleForms(answers: $0).respond(to: $1) }
        }
        // A choice that only changes how pages look, kept by the browser.
        router.post("/choose/:cookie/:value") { request, information in
            try await shown(request, information) { answers, visit in
                try Authentication.requireSameSite(request)
                let cookie = ["language": Visit.languageCookie, "workspace": Visit.workspaceCookie][
                    information.parameters.get("cookie") ?? ""]
                let value = information.parameters.get("value") ?? ""
                guard let cookie, value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }) else {
                    throw WeirError.noPage()
                }
                let next = Address(visit.address).query.last { $0.name == "next" }?.value
                var response = PageAnswer.redirect(Visit.ownPlace(next) ?? "/")
                response.headers.append(answers.setting(cookie, value, seconds: PageAnswer.yearOfSeconds))
                return response
            }
        }
        router.get("/**") { request, information in
            try await shown(request, information) { try await $0.respond(to: $1, at: Address($1.address)) }
        }
        router.get("/console/:digest/:name") { _, information in
            guard let response = try answers().files.answer(information.parameters.get("name") ?? "") else { throw WeirError.noPage() }
            return response
        }
    }
}

/// Whoever opens an address that is nowhere sees a page, also below one that is there, and at a form's own address (ux 7).
private struct MissingPages: RouterMiddleware {
    let page: @Sendable (Request, RequestInformation) async throws -> Response

    func handle(
        _ request: Request, context: RequestInformation, next: (Request, RequestInformation) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound && [.get, .head].contains(request.method) {
            return try await page(request, context)
        }
    }
}
