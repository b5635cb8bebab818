import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import WeirModel

/// Podman's events about our containers, told to everybody who asked.
final class ChangeFeed: Sendable {
    private let podman: PodmanSocket
    private let installation: String
    private let logger: Logger
    private let listeners = Mutex<(next: Int, all: [Int: AsyncStream<Identifier<Instance>>.Continuation])>((0, [:]))

    private static let longestWait: Duration = .seconds(5)

    init(podman: PodmanSocket, installation: String, logger: Logger) {
        self.podman = podman
        self.installation = installation
        self.logger = logger
    }

    func changes() -> AsyncStream<Identifier<Instance>> {
        // A listener that falls behind loses hints and finds out by observing.
        AsyncStream(bufferingPolicy: .bufferingNewest(1024)) { continuation in
            let key = listeners.withLock { listeners in
                listeners.next += 1
                listeners.all[listeners.next] = continuation
                return listeners.next
            }
            continuation.onTermination = { [weak self] _ in
                self?.listeners.withLock { _ = $0.all.removeValue(forKey: key) }
            }
        }
    }

    /// Listens until it is cancelled; connects again when the service was started again.
    func run() async {
        var wait: Duration = .milliseconds(100)
        while !Task.isCancelled {
            do {
                let since = ContinuousClock.now
                try await follow()
                if ContinuousClock.now - since > .seconds(10) { wait = .milliseconds(100) }
            } catch {
                logger.debug("the event stream of Podman broke off", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: wait)
            wait = min(wait * 2, Self.longestWait)
        }
        listeners.withLock { listeners in
            for continuation in listeners.all.values { continuation.finish() }
            listeners.all = [:]
        }
    }

    private struct Event: Decodable {
        var Actor: Subject?
        struct Subject: Decodable { var Attributes: [String: String]? }
    }

    private func follow() async throws {
        let filter = try JSONEncoder().encode([
            "label": ["\(Label.installation)=\(installation)"], "type": ["container"], "event": ["start", "died", "cleanup"],
        ])
        let body = try await podman.stream(
            .GET, "/events", ["stream": "true", "filters": String(decoding: filter, as: UTF8.self)],
            timeout: .hours(24 * 365))
        for try await line in Lines(body) {
            guard let event = try? JSONDecoder().decode(Event.self, from: line),
                let instance = event.Actor?.Attributes?[Label.instance].flatMap({ Identifier<Instance>($0) })
            else { continue }
            let continuations = listeners.withLock { Array($0.all.values) }
            for continuation in continuations { continuation.yield(instance) }
        }
    }
}
