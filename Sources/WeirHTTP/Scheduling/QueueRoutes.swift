import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What waits, why, and until when (QUO-04, QUO-05, DEV-26).
struct QueueRoutes {
    let queue: WorkloadQueue

    func add(to routes: Routes) {
        let queue = queue

        routes.get("workloads/{workload}/why", "explainWait") { call in
            let why = try await queue.why(call.id("workload"), for: call.caller)
            return call.answer(why.json(in: call.language))
        }

        routes.get("workspaces/{workspace}/queue", "getQueue") { call in
            let (lines, waiting, now) = try await queue.list(in: call.id("workspace"), for: call.caller)
            return call.answer([
                "at": now, "waiting_in_zone": waiting, "score": try await queue.score()?.json,
                "items": lines.map { $0.json(in: call.language) },
            ])
        }

        routes.post("operator/scheduling/replay", "replayScheduling") { call in
            let replay = try await queue.replay(by: call.caller)
            return call.answer(replay.json)
        }
    }
}
