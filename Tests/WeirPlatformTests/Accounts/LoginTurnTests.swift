import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import WeirPlatform

@Suite("Logins wait for nobody else's")
struct LoginTurnTests {
    private static let password = "correct horse battery"

    @Test("a stranger who sends many logins keeps nobody out (G1-2)", .timeLimit(.minutes(5)))
    func flood() async throws {
        let test = try TestPlatform()
        defer { withExtendedLifetime(test) {} }
        let accounts = try await test.start().accounts
        _ = try await accounts.createFirstOperator(login: "ada", oneTimePassword: Self.password)
        let (home, stranger) = (SSHSource("192.0.2.1"), SSHSource("198.51.100.7"))
        _ = try await accounts.login("ada", password: Self.password, from: home)
        let answered = Answered()
        let strangers = (0..<30).map { number in
            Task {
                _ = try? await accounts.login("nobody-\(number)", password: "not this one either", from: stranger)
                answered.count.withLock { $0 += 1 }
            }
        }
        try await Task.sleep(for: .milliseconds(100))
        _ = try await accounts.login("ada", password: Self.password, from: home)
        #expect(answered.count.withLock { $0 } < 30)
        for stranger in strangers { stranger.cancel() }
        for stranger in strangers { await stranger.value }
    }

    @Test("the login of a client that has gone is not looked at, and counts as no failure (G1-2)", .timeLimit(.minutes(5)))
    func gone() async throws {
        let test = try TestPlatform()
        defer { withExtendedLifetime(test) {} }
        let accounts = try await test.start().accounts
        _ = try await accounts.createFirstOperator(login: "ada", oneTimePassword: Self.password)
        let source = SSHSource("192.0.2.1")
        for _ in 0..<6 {
            let refused = await #expect(throws: WeirError.self) {
                try await accounts.login("ada", password: "not this one either", from: source, while: { false })
            }
            #expect(refused?.code == "too_many_logins")
        }
        _ = try await accounts.login("ada", password: Self.password, from: source)
    }

    private final class Answered: Sendable { let count = Mutex(0) }
}
