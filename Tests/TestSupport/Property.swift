import Foundation

/// Checks that something holds whatever steps are taken, and finds the shortest list of steps for which it does not.
public enum Property {
    /// How often a failing list is run again to make it shorter.
    private static let mostAttempts = 200

    /// `TEST_SEEDS=17,4711` plays these again; `TEST_RUNS` says how many fresh ones there are.
    public static func seeds(_ count: Int) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["TEST_SEEDS"] { return named.split(separator: ",").compactMap { UInt64($0) } }
        let runs = environment["TEST_RUNS"].flatMap { Int($0) } ?? count
        return (0..<runs).map { _ in .random(in: 0...999_999_999) }
    }

    /// Takes a random list of steps; `check` throws when it breaks the property.
    /// Returns nil, or the seed with the shortest failing list that was found and why it fails.
    public static func failure<Step: Sendable>(
        seed: UInt64, steps count: ClosedRange<Int>, step: (inout SeededRandom) -> Step, check: ([Step]) async throws -> Void
    ) async -> String? {
        var random = SeededRandom(seed: seed)
        var failing = (0..<Int.random(in: count, using: &random)).map { _ in step(&random) }
        guard var reason = await reason(failing, check) else { return nil }
        var attempts = 0
        var size = max(1, failing.count / 2)
        while true {
            var index = 0
            let before = failing.count
            while index < failing.count, attempts < mostAttempts {
                attempts += 1
                var shorter = failing
                shorter.removeSubrange(index..<min(index + size, shorter.count))
                if let other = await Self.reason(shorter, check) {
                    (failing, reason) = (shorter, other)
                } else {
                    index += size
                }
            }
            if attempts >= mostAttempts || (size == 1 && failing.count == before) { break }
            size = max(1, size / 2)
        }
        let list = failing.map { "  \($0)" }.joined(separator: "\n")
        return "seed \(seed): \(reason)\nafter \(failing.count) steps:\n\(list)"
    }

    private static func reason<Step>(_ steps: [Step], _ check: ([Step]) async throws -> Void) async -> String? {
        do {
            try await check(steps)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
