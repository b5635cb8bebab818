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
            let found = try await queue.list(in: call.id("workspace"), named: call.nameFilter(), call.page(), for: call.caller)
            return call.answer([
                "at": found.at, "waiting": found.waiting, "waiting_in_zone": found.waitingInZone,
                "score": try await queue.score()?.json, "items": found.lines.items.map { $0.json(in: call.language) },
                "next": found.lines.next,
            ])
        }

        routes.get("operator/scheduling/history", "exportHistory") { call in
            let month = try call.query("month").map { try Call.month($0) }
            let history = try await queue.history(of: month, by: call.caller)
            return Response(
                status: .ok,
                headers: [
                    .contentType: "application/json; charset=utf-8", .contentDisposition: Call.attachment(history.fileName),
                ],
                body: ResponseBody { writer in
                    try await history.write { try await writer.write(ByteBuffer(bytes: $0)) }
                    try await writer.finish(nil)
                })
        }

        routes.post("operator/scheduling/replay", "replayScheduling") { call in
            let replay = try await queue.replay(by: call.caller)
            return call.answer(replay.json)
        }
    }
}
