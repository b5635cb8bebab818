import Synchronization
public import WeirModel

/// Tells the Reconciler that something is wanted of a workload, and whoever looks on that a state has changed.
///
/// A signal carries no state: who hears it reads the store, so that one lost or doubled does no harm.
public final class WorkloadSignals: Sendable {
    public enum Signal: Sendable {
        /// What is wanted of the workload may have changed.
        case workload(Identifier<Workload>)
        /// Its container may have started or ended.
        case instance(Identifier<Instance>)
        /// There may be room for something that waits.
        case room
        /// A quota, a weight, a flavor or a node has changed: what waits may be allowed to start, or has another turn.
        case rules
        /// A balance or a budget has changed, of one workspace or of all: what waits may start, or not any more.
        case money(Identifier<Workspace>?)
    }

    private struct Watcher {
        let workspace: Identifier<Workspace>?
        let continuation: AsyncStream<Void>.Continuation
    }

    private let watchers = Mutex<(next: Int, byNumber: [Int: Watcher])>((0, [:]))
    private let toReconciler: AsyncStream<Signal>.Continuation
    let forReconciler: AsyncStream<Signal>

    public init() {
        (forReconciler, toReconciler) = AsyncStream.makeStream()
    }

    public func send(_ signal: Signal) { toReconciler.yield(signal) }

    /// A state of a workload in this workspace has changed and is in the store.
    public func changed(in workspace: Identifier<Workspace>) {
        let continuations = watchers.withLock { watchers in
            watchers.byNumber.values.filter { $0.workspace == nil || $0.workspace == workspace }.map(\.continuation)
        }
        for continuation in continuations { continuation.yield() }
    }

    /// One element when something has changed since the last was taken, for one workspace or for all.
    public func changes(in workspace: Identifier<Workspace>?) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = watchers.withLock { watchers in
            watchers.next += 1
            watchers.byNumber[watchers.next] = Watcher(workspace: workspace, continuation: continuation)
            return watchers.next
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.watchers.withLock { $0.byNumber.removeValue(forKey: number) }
        }
        return stream
    }
}
