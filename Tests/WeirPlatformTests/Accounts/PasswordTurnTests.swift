import Synchronization
import Testing
import WeirModel

@testable import WeirPlatform

@Suite("Passwords are looked at in turns")
struct PasswordTurnTests {
    /// One is being looked at until `open` is called; the others are in line.
    private final class Queue: Sendable {
        let turns = PasswordTurns(atOnce: 1)
        let done = Mutex<[String]>([])
        let refused = Mutex(0)
        private let gate = AsyncStream<Void>.makeStream()

        func occupy() async throws {
            let (begun, beginning) = AsyncStream<Void>.makeStream()
            let gate = gate.stream
            Task {
                try await turns.take(PasswordAsker(from: SSHSource("first"))) {
                    beginning.finish()
                    for await _ in gate {}
                }
            }
            for await _ in begun {}
        }

        func open() { gate.continuation.finish() }

        func asking(_ name: String, _ asker: PasswordAsker) async throws -> Task<Void, any Error> {
            let before = turns.waiting
            let task = Task {
                do {
                    try await turns.take(asker) { done.withLock { $0.append(name) } }
                } catch {
                    refused.withLock { $0 += 1 }
                    throw error
                }
            }
            while turns.waiting == before { try await Task.sleep(for: .milliseconds(1)) }
            return task
        }
    }

    @Test("each place has its turn, one that the account has logged in from before comes first (G1-2)", .timeLimit(.minutes(1)))
    func fair() async throws {
        let queue = Queue()
        try await queue.occupy()
        var tasks: [Task<Void, any Error>] = []
        for number in 1...3 { tasks.append(try await queue.asking("a\(number)", PasswordAsker(from: SSHSource("a")))) }
        tasks.append(try await queue.asking("b", PasswordAsker(from: SSHSource("b"))))
        tasks.append(try await queue.asking("known", PasswordAsker(from: SSHSource("c"), isKnown: true)))
        queue.open()
        for task in tasks { try await task.value }
        #expect(queue.done.withLock { $0 } == ["known", "a1", "b", "a2", "a3"])
        #expect(queue.turns.waiting == 0)
    }

    @Test("for who has gone nothing is computed, and who gives up leaves the line (G1-2)", .timeLimit(.minutes(1)))
    func gone() async throws {
        let queue = Queue()
        try await queue.occupy()
        let gone = try await queue.asking("gone", PasswordAsker(from: SSHSource("a"), isThere: { false }))
        let cancelled = try await queue.asking("cancelled", PasswordAsker(from: SSHSource("a")))
        let here = try await queue.asking("here", PasswordAsker(from: SSHSource("a")))
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        queue.open()
        await #expect(throws: WeirError.self) { try await gone.value }
        try await here.value
        #expect(queue.done.withLock { $0 } == ["here"])
    }

    @Test("a place has so many in line and no more, and leaves the others theirs (G1-2)", .timeLimit(.minutes(1)))
    func bounded() async throws {
        let queue = Queue()
        try await queue.occupy()
        var tasks: [Task<Void, any Error>] = []
        let places = PasswordTurns.mostWaiting / PasswordTurns.mostOfOnePlace
        for place in 0..<places {
            for _ in 0..<PasswordTurns.mostOfOnePlace {
                tasks.append(try await queue.asking("stranger", PasswordAsker(from: SSHSource("place \(place)"))))
            }
        }
        let refused = await #expect(throws: WeirError.self) {
            try await queue.turns.take(PasswordAsker(from: SSHSource("place 0"))) {}
        }
        #expect(refused?.code == "too_many_logins")
        // The line is full: for one more place the newest of a long one leaves it.
        let other = Task {
            try await queue.turns.take(PasswordAsker(from: SSHSource("other"))) { queue.done.withLock { $0.append("other") } }
        }
        while queue.refused.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        queue.open()
        try await other.value
        for task in tasks { _ = await task.result }
        #expect(queue.refused.withLock { $0 } == 1)
        #expect(queue.done.withLock { $0.count } == PasswordTurns.mostWaiting)
        #expect(queue.turns.waiting == 0)
    }
}
