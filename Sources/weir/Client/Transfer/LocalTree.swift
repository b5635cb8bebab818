import Foundation
import WeirModel

/// A file of this machine on its way to the server.
struct LocalFile: Sendable, Equatable {
    /// Where it lies here.
    let path: String
    /// Where it goes, relative, with "/" between the names.
    let target: String
    let size: Int64
    let changedAt: Date
}

/// What is found under the paths that a person named.
struct LocalTree: Sendable {
    var files: [LocalFile] = []
    /// Links, sockets and the like, which are not sent.
    var skipped: [String] = []

    /// Files go under their own name; of a folder, its content goes in, not the folder itself.
    ///
    /// - Parameters:
    ///   - into: a folder of the target, empty for its top.
    ///   - exclude: names that are left out at any depth.
    init(_ paths: [String], into: String = "", exclude: Set<String> = []) throws(WeirError) {
        let prefix = into.split(separator: "/").map { $0 + "/" }.joined()
        for path in paths {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw .unreadableFile(path)
            }
            if isFolder.boolValue {
                try walk(path, prefix: prefix, exclude: exclude)
            } else {
                try add(path, target: prefix + (path as NSString).lastPathComponent)
            }
        }
        files.sort { $0.target < $1.target }
    }

    var size: Int64 { files.reduce(0) { $0 + $1.size } }

    private mutating func walk(_ folder: String, prefix: String, exclude: Set<String>) throws(WeirError) {
        var waiting = [(folder: folder, prefix: prefix)]
        while let next = waiting.popLast() {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: next.folder) else {
                throw .unreadableFile(next.folder)
            }
            for name in names where !exclude.contains(name) {
                let path = next.folder + "/" + name
                let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
                switch type {
                case .typeDirectory: waiting.append((path, next.prefix + name + "/"))
                case .typeRegular: try add(path, target: next.prefix + name)
                default: skipped.append(path)
                }
            }
        }
    }

    private mutating func add(_ path: String, target: String) throws(WeirError) {
        guard
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: (path as NSString).resolvingSymlinksInPath),
            attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? NSNumber,
            FileManager.default.isReadableFile(atPath: path)
        else { throw .unreadableFile(path) }
        files.append(
            LocalFile(
                path: path, target: target, size: size.int64Value,
                changedAt: attributes[.modificationDate] as? Date ?? .distantPast))
    }
}
