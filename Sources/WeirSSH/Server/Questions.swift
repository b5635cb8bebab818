import Foundation
import Synchronization
import WeirModel

/// Carries what a session's thread asks to where it can be awaited, and makes the thread wait for the answer: threads that block are
/// the gateway's own, and none of Swift's pool ever does.
final class Questions: Sendable {
    private struct Question: Sendable {
        let ask: @Sendable () async -> Void
        let refuse: @Sendable () -> Void
    }

    private struct State {
        var waiting: [Question] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let news: AsyncStream<Void>
    private let tell: AsyncStream<Void>.Continuation
    private static let patience = DispatchTimeInterval.seconds(30)

    init() { (news, tell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Blocks the calling thread. Throws what `body` throws, and `ssh_shut_down` when nobody answers.
    func ask<Answer: Sendable>(_ body: @escaping @Sendable () async throws -> Answer) throws -> Answer {
        let slot = Slot<Answer>()
        put(
            Question(
                ask: {
                    do { slot.fill(.success(try await body())) } catch { slot.fill(.failure(error)) }
                }, refuse: { slot.fill(.failure(WeirError.sshShutDown())) }))
        return try slot.wait(Self.patience).get()
    }

    /// For what lasts: nobody waits for its end.
    func start(_ body: @escaping @Sendable () async -> Void) { put(Question(ask: body, refuse: {})) }

    private func put(_ question: Question) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.waiting.append(question) }
            return state.isClosed
        }
        if isClosed { question.refuse() } else { tell.yield() }
    }

    /// Answers until it is closed or cancelled, then refuses what is left.
    func answerAll() async {
        await withDiscardingTaskGroup { group in
            for await _ in news {
                let questions = state.withLock { state in
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for question in questions { group.addTask { await question.ask() } }
            }
            close()
            group.cancelAll()
        }
    }

    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for question in left { question.refuse() }
        tell.finish()
    }

    private final class Slot<Answer: Sendable>: Sendable {
        private let result = Mutex<Result<Answer, any Error>?>(nil)
        private let filled = DispatchSemaphore(value: 0)

        func fill(_ answer: Result<Answer, any Error>) {
            result.withLock { if $0 == nil { $0 = answer } }
            filled.signal()
        }

        func wait(_ patience: DispatchTimeInterval) -> Result<Answer, any Error> {
            _ = filled.wait(timeout: .now() + patience)
            return result.withLock { $0 } ?? .failure(WeirError.sshShutDown())
        }
    }
}
