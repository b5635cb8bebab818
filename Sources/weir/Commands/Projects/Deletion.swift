import WeirModel

/// Deletes a thing; where another person made it, its name is asked for first, and `--yes` is not enough.
enum Deletion {
    static func delete(_ path: String, confirm name: String?, _ session: ClientSession) async throws {
        let api = try session.api
        do {
            _ = try await api.answer(.send(.delete, path, name.map { JSONValue.object(["confirm": .string($0)]) }))
        } catch let failure as APIFailure where failure.code == "name_not_typed" && name == nil && Prompt.isPossible {
            session.output.note(failure.message)
            let typed = try Prompt.line("Its name")
            _ = try await api.answer(.send(.delete, path, .object(["confirm": .string(typed)])))
        }
    }
}
