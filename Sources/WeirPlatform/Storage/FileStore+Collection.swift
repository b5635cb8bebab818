import Glibc
public import WeirModel

/// What a collection removed.
public struct Collected: Hashable, Sendable {
    public var trees = 0
    public var contents = 0
    public var freed: Bytes = 0

    static func += (sum: inout Self, other: Self) {
        sum.trees += other.trees
        sum.contents += other.contents
        sum.freed += other.freed
    }
}

extension FileStore {
    /// The workspaces that keep something.
    func workspaces() async throws -> [Identifier<Workspace>] {
        try await blocking { try OpenFolder(trusted: layout.workspaces).names().compactMap { Identifier($0.text) } }
    }

    /// Removes the trees of a workspace that nothing refers to and that are older than `moment` (a younger one may be on its way into
    /// the records), then the contents that no tree or draft has any more.
    public func collect(
        in workspace: Identifier<Workspace>, keeping trees: Set<TreeName>, olderThan moment: Timestamp
    ) async throws -> Collected {
        let volume = StorageVolume.workspace(workspace)
        var collection = Collected()
        let old = try await blocking {
            let folder = try open(.trees, of: volume)
            return try folder.names().compactMap { name -> TreeName? in
                guard let tree = TreeName(name.text), !trees.contains(tree), let status = try folder.status(name),
                    status.changed < moment.milliseconds
                else { return nil }
                return tree
            }
        }
        for tree in old {
            try Task.checkCancellation()
            try await remove(.tree(tree, in: workspace))
            collection.trees += 1
        }
        let all = try await blocking { try open(.blobs, of: volume) }
        let keepers = try await blocking { try all.names().filter { $0.text.hasPrefix(Self.kept) } }
        // One open at a time: there may be more people than folders that may be open at once.
        let places: [EntryName?] = [nil] + keepers.map { Optional($0) }
        for place in places {
            let folder = try await blocking {
                guard let place else { return all }
                return try all.folder(place)
            }
            for shelf in try await blocking({ try folder.names().filter { !$0.text.hasPrefix(Self.kept) } }) {
                try Task.checkCancellation()
                let (count, bytes) = try await blocking { try sweep(folder.folder(shelf)) }
                collection.contents += count
                collection.freed += Bytes(bytes)
            }
        }
        return collection
    }

    /// A content whose only name is its own is in no tree. One that gets a name between the look and the removal lives on
    /// in that tree and is only not shared any more.
    private func sweep(_ shelf: OpenFolder) throws -> (Int, Int64) {
        var count = 0
        var bytes: Int64 = 0
        for entry in try shelf.names() {
            guard let status = try shelf.status(entry), status.kind == .file, status.links == 1 else { continue }
            try shelf.unlink(entry)
            count += 1
            bytes += status.allocated
        }
        return (count, bytes)
    }
}
