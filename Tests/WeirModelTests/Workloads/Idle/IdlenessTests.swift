import Testing
import WeirModel

/// Idle environments are warned, then saved and stopped (X18).
@Suite struct IdlenessTests {
    private let policy = IdlePolicy(after: 1800, warning: 600)

    /// Plays one sample a minute; gives back the actions with their minutes.
    private func play(_ policy: IdlePolicy, _ samples: [ActivitySample]) -> [(minute: Int64, action: Idleness.Action)] {
        var (state, previous): (Idleness, Timestamp?) = (.active, nil)
        var actions: [(minute: Int64, action: Idleness.Action)] = []
        for sample in samples {
            let next = state.after(sample, previous: previous, policy: policy)
            (state, previous) = (next.state, sample.at)
            if let action = next.action { actions.append((sample.at.milliseconds / 60_000, action)) }
        }
        return actions
    }

    private func sample(_ minute: Int64, cpu: Int = 5, gpu: Int? = 0, lastSeen: Int64? = nil) -> ActivitySample {
        ActivitySample(
            at: Timestamp(milliseconds: minute * 60_000), cpu: cpu, gpuPercent: gpu,
            lastSeen: lastSeen.map { Timestamp(milliseconds: $0 * 60_000) })
    }

    @Test("after the set time of idleness it is stopped, with a warning before")
    func warnedAndStopped() {
        let actions = play(policy, (0...40).map { sample($0) })
        #expect(actions.map(\.minute) == [20, 30])
        #expect(actions.map(\.action) == [.warn(stopsAt: Timestamp(milliseconds: 1_800_000)), .stop(savingImage: false)])
    }

    @Test("CPU, an accelerator or a person begins the time anew and calls a warning off")
    func activity() {
        for busy in [sample(25, cpu: 900), sample(25, gpu: 40), sample(25, lastSeen: 25)] {
            let samples = (0..<25).map { sample($0) } + [busy] + (26...60).map { sample($0) }
            let actions = play(policy, samples)
            #expect(actions.map(\.minute).prefix(2) == [20, 25])
            #expect(actions.dropFirst().first?.action == .callOff)
            #expect(actions.last?.action == .stop(savingImage: false))
            #expect((55...56).contains(actions.last?.minute ?? 0))
        }
    }

    @Test("what was not observed counts as busy")
    func gap() {
        let actions = play(policy, (0...10).map { sample($0) } + (60...70).map { sample($0) })
        #expect(actions.isEmpty)
    }

    @Test("jobs, exempt workloads and exempt people are left alone, and so is everybody without a policy")
    func exemptions() throws {
        let workload = Identifier<Workload>(at: Timestamp(milliseconds: 1), randomness: (1, 1))
        let account = Identifier<Account>(at: Timestamp(milliseconds: 1), randomness: (1, 1))
        #expect(policy.applies(to: workload, of: account, kind: .environment))
        #expect(!policy.applies(to: workload, of: account, kind: .job))
        #expect(!IdlePolicy.none.applies(to: workload, of: account, kind: .environment))
        #expect(!IdlePolicy(after: 1800, exemptWorkloads: [workload]).applies(to: workload, of: account, kind: .environment))
        #expect(!IdlePolicy(after: 1800, exemptAccounts: [account]).applies(to: workload, of: account, kind: .environment))
        #expect(throws: WeirError.self) { try IdlePolicy(after: 10).checked() }
    }

    @Test("what a stop saved is the price until its own timer or until somebody starts it again")
    func saving() throws {
        func moment(_ hours: Int64) -> Timestamp { Timestamp(milliseconds: hours * 3_600_000) }
        let timer = try IdleSaving(
            stoppedAt: moment(1), autoStopAt: moment(4), startedAgainAt: nil, now: moment(10), pricePerHour: Points(micro: 2_500_000))
        #expect(timer.points == Points(micro: 7_500_000))
        let again = try IdleSaving(
            stoppedAt: moment(1), autoStopAt: moment(4), startedAgainAt: moment(2), now: moment(10), pricePerHour: 1)
        #expect(again.points == 1)
    }
}
