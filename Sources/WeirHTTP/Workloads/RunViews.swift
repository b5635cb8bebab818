import WeirModel
import WeirStore

extension TransitionRecord {
    func json(_ people: People, in language: Language) -> JSON {
        [
            "sequence": sequence, "workload": workload, "run": run, "at": at, "before": before, "state": state,
            "cause": cause, "cause_text": LocalizedText.cause(cause)[language], "actor": people.json(of: actor),
            "failure": failure?.json(in: language), "reason": idleEvidence?.text[language] ?? reason,
        ]
    }
}

extension RunRecord {
    func json(_ people: People, at now: Timestamp) -> JSON {
        let seconds = runningAt.map { max(((endedAt ?? now) - $0).milliseconds / 1000, 0) } ?? 0
        return [
            "number": number, "started_by": people.json(of: startedBy), "flavor": flavor.name, "replicas": replicas,
            "image_digest": imageDigest,
            "tariff": tariff, "queued_at": queuedAt, "running_at": runningAt, "ended_at": endedAt,
            "outcome": outcome, "running_seconds": seconds, "cost": cost(at: now),
        ]
    }
}

extension RunRecord {
    /// What it has come to, settled or not; nil for a run from before billing.
    private func cost(at now: Timestamp) -> Points? {
        let priced = price.map { PricedRun(start: runningAt, end: endedAt, price: $0) }
        return priced.flatMap { try? $0.cost(at: now, RunIdentity(workload: workload, number: number)) }
    }
}

extension InstanceRecord {
    func json(in language: Language) -> JSON {
        [
            "id": id, "run": run, "position": position, "attempt": attempt, "created_at": createdAt,
            "started_at": startedAt, "ended_at": endedAt, "failure": failure?.json(in: language), "memory_kills": memoryKills,
        ]
    }
}
