import WeirModel

/// The price, said before something is submitted (BIL-23).
enum PriceNote {
    /// Asks with the submission's own body, and says it beside the result: nobody is asked, so scripts go on as they did.
    static func show(_ kind: WorkloadKind, _ project: String, _ body: [String: JSONValue?], _ session: ClientSession) async throws {
        guard !session.output.json, !session.output.quiet else { return }
        let quote = try await ask(kind, project, .members(body), session).value
        session.output.note("Price: " + text(quote))
        if let warning = quote.warning { session.output.note(warning) }
    }

    static func ask(
        _ kind: WorkloadKind, _ project: String, _ body: JSONValue, _ session: ClientSession
    ) async throws -> Answer<Records.Quote> {
        try await session.api.answer(
            .send(.post, "/api/v1/projects/\(project)/\(kind.collection)/quote", body), as: Records.Quote.self)
    }

    static func text(_ quote: Records.Quote) -> String {
        let whole = quote.longest.map { ", \($0.amount) for the whole run of \(Phrase.span(seconds: $0.minutes * 60)) at most" } ?? ""
        return "\(quote.perHour) points an hour, \(quote.perDay) a day\(whole)."
    }
}

extension WorkloadKind {
    /// As the API's paths name them.
    fileprivate var collection: String { rawValue + "s" }
}
