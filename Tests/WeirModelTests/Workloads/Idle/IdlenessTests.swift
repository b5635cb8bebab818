import Foundation
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

    private func sample(
        _ minute: Int64, cpu: Int = 5, gpu: Int? = 0, network: Int64? = 100, disk: Int64? = 0, seen: Presence? = nil
    ) -> ActivitySample {
        let at = Timestamp(milliseconds: minute * 60_000)
        return ActivitySample(
            at: at, cpu: cpu, gpuPercent: gpu, network: network, disk: disk, seen: seen.map { [$0: at] } ?? [:])
    }

    @Test("after the set time of idleness it is stopped, with a warning before")
    func warnedAndStopped() {
        let actions = play(policy, (0...40).map { sample($0) })
        #expect(actions.map(\.minute) == [20, 30])
        #expect(actions.map(\.action) == [.warn(stopsAt: Timestamp(milliseconds: 1_800_000)), .stop(savingImage: false)])
    }

    @Test("CPU, an accelerator, the network, a disk or a person begins the time anew and calls a warning off (F2, B12)")
    func activity() {
        let busy = [sample(25, cpu: 900), sample(25, gpu: 40), sample(25, network: 50_000), sample(25, disk: 5_000_000)]
        for busy in busy + Presence.allCases.map({ sample(25, seen: $0) }) {
            let samples = (0..<25).map { sample($0) } + [busy] + (26...60).map { sample($0) }
            let actions = play(policy, samples)
            #expect(actions.map(\.minute).prefix(2) == [20, 25])
            #expect(actions.dropFirst().first?.action == .callOff)
            #expect(actions.last?.action == .stop(savingImage: false))
            #expect((55...56).contains(actions.last?.minute ?? 0))
        }
    }

    @Test("a stop says each signal that was looked at, in both languages, and is read again as it was kept (B12)")
    func evidence() throws {
        let seen = Timestamp(milliseconds: 1_700_000_000_000)
        let whole = IdleEvidence(
            ActivitySample(at: seen, cpu: 2, gpuPercent: 0, network: 120, disk: 0, seen: [.ssh: seen, .tool: seen]), toolAnswered: true)
        #expect(
            whole.text.en
                == "Looked at: processor 0.002 cores; accelerators 0 %; network 120 B/s; disk 0 B/s; requests and websockets not seen; "
                + "web terminal not seen; SSH and SFTP last \(seen); kernels and terminals of the tool last \(seen).")
        #expect(whole.text.zh.contains("网络 120 B/s；磁盘 0 B/s"))
        let least = IdleEvidence(ActivitySample(at: seen, cpu: 1234), toolAnswered: nil)
        #expect(least.text.en.contains("processor 1.234 cores; no accelerator; network not countable here; disk not countable here;"))
        #expect(least.text.en.hasSuffix("the tool does not tell of its kernels."))
        for evidence in [whole, least, IdleEvidence(least.sample, toolAnswered: false)] {
            #expect(try JSONDecoder().decode(IdleEvidence.self, from: JSONEncoder().encode(evidence)) == evidence)
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
