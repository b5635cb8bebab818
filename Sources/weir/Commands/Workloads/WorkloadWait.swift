import WeirModel

/// Waits for a workload to come somewhere.
enum WorkloadWait {
    /// Returns when it runs. Throws ``WorkloadFailed`` when it ends before that.
    static func untilRunning(_ id: String, _ session: ClientSession) async throws -> Answer<Records.Workload> {
        let answer = try await until(id, session) { $0 == .running || $0.isFinal }
        if answer.value.state != .running && answer.value.state != .completed { throw failure(answer.value) }
        return answer
    }

    /// Returns when it has ended well. Throws ``WorkloadFailed`` when it failed or was stopped.
    static func untilEnded(_ id: String, _ session: ClientSession) async throws -> Answer<Records.Workload> {
        let answer = try await until(id, session) { $0.isFinal }
        if answer.value.state != .completed { throw failure(answer.value) }
        return answer
    }

    static func untilStopped(_ id: String, _ session: ClientSession) async throws -> Answer<Records.Workload> {
        try await until(id, session) { $0.isFinal }
    }

    private static func until(
        _ id: String, _ session: ClientSession, _ isThere: (WorkloadState) -> Bool
    ) async throws -> Answer<Records.Workload> {
        let api = try session.api
        var pause = Duration.milliseconds(100)
        var told: String?
        while true {
            let answer = try await api.answer(.get("/api/v1/workloads/\(id)"), as: Records.Workload.self)
            if isThere(answer.value.state) { return answer }
            let text = answer.value.queue?.message ?? answer.value.state.rawValue
            if told != text {
                session.output.note("\(answer.value.name): \(text)")
                told = text
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, .seconds(1))
        }
    }

    private static func failure(_ workload: Records.Workload) -> WorkloadFailed {
        let reason = workload.failure.map { ": \($0.message) \($0.remedy)" } ?? "."
        return WorkloadFailed(text: "\(workload.name) is \(workload.state.rawValue)\(reason)")
    }
}
