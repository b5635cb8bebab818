import Foundation

/// Work that blocks, on threads of its own: what generates load must not stand on the threads that serve it.
enum Threads {
    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
        }
    }

    /// Runs `body` that many times at once, each told its number.
    static func run<Result: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: Result.self) { group in
            for number in 0..<count { group.addTask { try await run { try body(number) } } }
            var results: [Result] = []
            for try await result in group { results.append(result) }
            return results
        }
    }
}

/// Time as the benchmarks tell it.
struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
    var milliseconds: Double { seconds * 1000 }
}
