import WeirModel
import WeirPlatform
import WeirStore

extension WorkloadQueue.Why {
    func json(in language: Language) -> JSON {
        [
            "at": at, "workload": workload.id, "state": workload.state, "waits": explanation != nil,
            "reason": explanation?.reason, "place": explanation?.place, "waiting": explanation?.waiting ?? 0,
            "causes": (explanation?.causes ?? []).map { $0[language] },
            "sentences": (explanation?.sentences ?? []).map { $0[language] },
            "forecast": explanation?.forecast?.json,
            "holders": (explanation?.holders ?? []).map { holder -> JSON in
                ["workload": holder.id, "name": holder.name, "is_own": holder.isViewers, "holds": holder.holdings]
            },
            "other_holders": explanation?.otherHolders ?? 0,
            "advice": (explanation?.advice ?? []).map(\.json),
            "score": score?.json,
            "preemptions": preemptions.map { $0.json },
        ]
    }
}

extension WorkloadQueue.Line {
    func json(in language: Language) -> JSON {
        [
            "workload": workload.id, "kind": workload.kind, "name": workload.name, "flavor": workload.spec.flavor.name,
            "replicas": workload.spec.replicas, "priority": workload.spec.priority ?? .normal, "queued_at": workload.stateSince,
            "place": place, "reason": reason,
            "message": reason?.message[language], "forecast": forecast?.json,
        ]
    }
}

extension StartForecast {
    /// Nine in ten starts are expected between the two ends.
    var json: JSON { ["earliest": low, "expected": median, "latest": high, "basis": basis.rawValue] }
}

extension ForecastScore {
    var json: JSON {
        [
            "forecasts": count, "within_percent": within / 10, "median_error_seconds": medianError, "bias_seconds": bias,
            "median_width_seconds": medianWidth,
        ]
    }
}

extension WaitExplanation.Advice {
    /// What would let it start sooner; every member is there, and null where it says nothing.
    var json: JSON {
        var (kind, flavor, workload, name, seconds): (String, String?, Identifier<Workload>?, String?, Int?) = ("", nil, nil, nil, nil)
        var (dimension, amount): (String?, Int64?) = (nil, nil)
        switch self {
        case .flavor(let other): (kind, flavor) = ("flavor", other)
        case .stop(let id, let title): (kind, workload, name) = ("stop", id, title)
        case .shorterRun(let limit): (kind, seconds) = ("shorter_run", limit)
        case .raiseWorkspaceQuota(let short, let limit): (kind, dimension, amount) = ("raise_workspace_quota", short.rawValue, limit)
        case .raisePersonQuota(let short, let limit): (kind, dimension, amount) = ("raise_person_quota", short.rawValue, limit)
        }
        return [
            "kind": kind, "flavor": flavor, "workload": workload, "name": name, "seconds": seconds, "dimension": dimension,
            "to": amount,
        ]
    }
}

extension PreemptionRecord {
    var json: JSON {
        [
            "run": run, "at": at, "flavor": flavor, "price_per_hour": price, "regular_price_per_hour": regularPrice,
        ]
    }
}

extension SchedulingReplay {
    var json: JSON {
        [
            "decisions": decisions, "lines": lines, "is_same": difference == nil,
            "difference": difference.map { difference -> JSON in
                [
                    "line": difference.line, "at": difference.at, "recorded": difference.recorded.map(\.text),
                    "made": difference.made.map(\.text),
                ]
            },
        ]
    }
}

extension SchedulingDecision {
    fileprivate var text: String {
        switch self {
        case .start(let id, let placements):
            "start \(id) on " + placements.map { "\($0.node):\($0.devices)" }.joined(separator: " ")
        case .preempt(let id, let other): "preempt \(id) for \(other)"
        }
    }
}
