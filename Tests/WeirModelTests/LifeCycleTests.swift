import Testing
import WeirModel

@Suite("Life cycle")
struct LifeCycleTests {
    @Test(
        "allowed operations: enter(run), start(stop, fail), stop(wait, deploy, run), delete(any), switch flavor(stop, fail) (DEV-27)",
        arguments: [
            (.queued, [.stop, .delete]),
            (.deploying, [.stop, .delete]),
            (.running, [.enter, .stop, .delete]),
            (.stopping, [.delete]),
            (.stopped, [.start, .switchFlavor, .delete]),
            (.failed, [.start, .switchFlavor, .delete]),
        ] as [(WorkloadState, Set<WorkloadOperation>)])
    func operations(state: WorkloadState, allowed: Set<WorkloadOperation>) {
        #expect(state.operations(for: .environment) == allowed)
    }

    @Test("a job and a service have nothing to enter, and a board has (audit-b B15)")
    func entering() {
        for (kind, enters) in [(WorkloadKind.environment, true), (.board, true), (.job, false), (.service, false)] {
            #expect(WorkloadState.running.operations(for: kind).contains(.enter) == enters, "\(kind)")
        }
    }

    @Test("an environment never reaches completed, whatever happens to it (X13)")
    func environmentsNeverComplete() {
        let events: [WorkloadEvent] = [
            .admitted, .ready, .stopWanted, .succeeded, .broke(.exit(code: 1)), .freed, .startWanted, .preempted, .requeued,
        ]
        var reached: Set<WorkloadState> = [.queued]
        var frontier = reached
        while !frontier.isEmpty {
            let next = Set(
                frontier.flatMap { state in events.compactMap { try? state.after($0, kind: .environment) } })
            frontier = next.subtracting(reached)
            reached.formUnion(next)
        }
        #expect(!reached.contains(.completed))
        #expect(reached == [.queued, .deploying, .running, .stopping, .stopped, .failed])
    }

    @Test("an event that does not fit the state is refused by name (DEV-27)")
    func refusal() {
        #expect {
            try WorkloadState.stopped.after(.ready, kind: .environment)
        } throws: { ($0 as? WeirError)?.code == "wrong_state" }
    }

    @Test("only a job completes; it is run again, not started again (TRN-02)")
    func jobs() throws {
        #expect(try WorkloadState.running.after(.succeeded, kind: .job) == .completed)
        #expect(WorkloadState.completed.operations(for: .job) == [.rerun, .delete])
        #expect(throws: WeirError.self) { try WorkloadState.failed.after(.startWanted, kind: .job) }
    }
}
