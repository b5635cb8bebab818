import Foundation
import WeirModel

/// Remembers why the engine itself ended an instance, also when Weir is started again in between: a signal that we sent
/// is no crash.
struct StopMarks: Sendable {
    var folder: String

    enum Cause: String, Sendable {
        case asked
        case scratchFull = "scratch_full"
    }

    private func file(_ instance: Identifier<Instance>) -> String { "\(folder)/\(instance).stopped" }

    func mark(_ instance: Identifier<Instance>, _ cause: Cause) throws {
        // The first cause is the true one.
        guard self[instance] == nil else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try cause.rawValue.write(toFile: file(instance), atomically: true, encoding: .utf8)
    }

    subscript(_ instance: Identifier<Instance>) -> Cause? {
        (try? String(contentsOfFile: file(instance), encoding: .utf8)).flatMap(Cause.init)
    }

    func remove(_ instance: Identifier<Instance>) { try? FileManager.default.removeItem(atPath: file(instance)) }
}
