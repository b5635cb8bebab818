import Glibc
public import WeirModel

/// What a collection removed.
public struct Collected: Hashable, Sendable {
    public var trees = 0
    public var contents = 0
    public var freed: Bytes = 0
}

extension FileStore {
    /// Removes the trees that nothing refers to and that are older than `moment` (a younger one may be on its way into
    /// the records), then the contents that no tree or draft has any more.
    public func collect(keeping trees: Set<TreeName>, olderThan moment: Timestamp) async throws -> Collected {
        var collection = Collected()
        let old = try await blocking {
            let folder = try OpenFolder(trusted: layout.trees)
            return try folder.names().compactMap { name -> TreeName? in
                guard let tree = TreeName(name.text), !trees.contains(tree), let status = try folder.status(name),
                    status.changed < moment.milliseconds
                else { return nil }
                return tree
            }
        }
        for tree in old {
            try Task.checkCancellation()
            try await remove(tree)
            collection.trees += 1
        }
        let shelves = try await blocking { try OpenFolder(trusted: layout.blobs).names() }
        for shelf in shelves {
            try Task.checkCancellation()
            let (count, bytes) = try await blocking { try sweep(shelf) }
            collection.contents += count
            collection.freed += Bytes(bytes)
        }
        return collection
    }

    /// A content whose only name is its own is in no tree. One that gets a name between the look and the removal lives on
    /// in that tree and is only not shared any more.
    private func sweep(_ name: EntryName) throws -> (Int, Int64) {
        let shelf = try OpenFolder(trusted: layout.blobs).folder(name)
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
