import Foundation
import Synchronization
import WeirModel

/// Joins a session's thread with the task that keeps a folder marked as being changed for as long as the session lasts.
final class FolderHold: Sendable {
    private let begun = DispatchSemaphore(value: 0)
    private let failure = Mutex<(isSet: Bool, error: (any Error)?)>((false, nil))
    private let released: AsyncStream<Void>
    private let tell: AsyncStream<Void>.Continuation

    init() { (released, tell) = AsyncStream.makeStream() }

    func begin(_ error: (any Error)?) {
        failure.withLock { if !$0.isSet { $0 = (true, error) } }
        begun.signal()
    }

    /// Blocks the thread. Throws why the folder cannot be held.
    func untilBegun() throws {
        guard begun.wait(timeout: .now() + .seconds(30)) == .success else { throw WeirError.sshShutDown() }
        if let error = failure.withLock({ $0.error }) { throw error }
    }

    func release() { tell.finish() }

    func untilReleased() async { for await _ in released {} }
}
