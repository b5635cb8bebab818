import Foundation
import Synchronization
import WeirModel

/// Remembers why the engine itself ended an instance, also when Weir is started again in between: a signal that we sent
/// is no crash.
final class StopMarks: Sendable {
    private let folder: String
    /// What could not be written: stopping is what helps on a full disk.
    private let unwritten = Mutex<[Identifier<Instance>: Cause]>([:])

    init(folder: String) { self.folder = folder }

    enum Cause: String, Sendable {
        case asked
        case scratchFull = "scratch_full"
    }

    private func file(_ instance: Identifier<Instance>) -> String { "\(folder)/\(instance).stopped" }

    func mark(_ instance: Identifier<Instance>, _ cause: Cause) {
        // The first cause is the true one.
        guard self[instance] == nil else { return }
        do {
            try Folder.makeClosed(folder)
            try cause.rawValue.write(toFile: file(instance), atomically: true, encoding: .utf8)
        } catch {
            unwritten.withLock { $0[instance] = cause }
        }
    }

    subscript(_ instance: Identifier<Instance>) -> Cause? {
        (try? String(contentsOfFile: file(instance), encoding: .utf8)).flatMap(Cause.init)
            ?? unwritten.withLock { $0[instance] }
    }

    func remove(_ instance: Identifier<Instance>) {
        unwritten.withLock { $0[instance] = nil }
        try? FileManager.default.removeItem(atPath: file(instance))
    }
}
