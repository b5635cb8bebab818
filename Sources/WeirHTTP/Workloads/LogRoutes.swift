import HTTPTypes
import Hummingbird
import WeirEngine
import WeirModel
import WeirPlatform

/// What instances wrote (TRN-10).
struct LogRoutes {
    static let offsets: ClosedRange<Int64> = -(1 << 50)...(1 << 50)
    let logs: Logs

    func add(to routes: Routes) {
        let logs = logs

        routes.get("workloads/{workload}/logs", "getLogs") { call in
            let id = try call.id("workload", of: Workload.self)
            let limit = try call.query("limit", in: 1...10_000) ?? 1000
            let part = try await logs.read(
                of: id, instance: call.queryID("instance"), from: call.query("offset", in: Self.offsets) ?? 0,
                limit: Int(limit), for: call.caller)
            return call.answer([
                "instance": part.instance, "lines": part.records.map(Self.show), "next_offset": part.next,
                "ended": part.isEnded,
            ])
        }

        routes.get("workloads/{workload}/logs/stream", "streamLogs") { call in
            let id = try call.id("workload", of: Workload.self)
            let offset = try call.resumePosition() ?? call.query("offset", in: Self.offsets) ?? 0
            let lines = try await logs.follow(
                of: id, instance: call.queryID("instance"), from: offset, for: call.caller)
            return try ServerSentEvents.answer(call, lines, last: "end") { records in
                records.map { ServerSentEvent(name: "line", id: String($0.end), data: Self.show($0)) }
            }
        }
    }

    @Sendable private static func show(_ record: LogRecord) -> JSON {
        [
            "at": record.time, "stream": JSON.text(record.stream.rawValue), "text": record.text,
            "partial": record.partial,
        ]
    }
}

extension Call {
    /// Where a stream that broke off goes on: `Last-Event-ID`, which browsers send by themselves.
    func resumePosition() throws -> Int64? {
        guard let text = request.headers[.lastEventID], !text.isEmpty else { return nil }
        guard let position = Int64(text), position >= 0 else {
            throw WeirError.malformed("Last-Event-ID", "the id of an event of this stream")
        }
        return position
    }
}
