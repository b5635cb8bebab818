/// What a person keeps, by what it is (BIL-12, STO-07).
public enum StorageKind: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    case code, datasets, models, images, outputs, netdisk
    /// The workspace's own home and netdisk, for what everybody enters.
    case shared
}

/// What has a free amount of its own, and one storage charge a day (X04).
public enum StorageMeter: Hashable, Sendable, Codable, CustomStringConvertible {
    /// All that a workspace keeps, without netdisks (BIL-16).
    case library(Identifier<Workspace>)
    /// A person's netdisk, which the workspace pays for (BIL-28, STO-01).
    case netdisk(Identifier<Workspace>, Identifier<Account>)

    public var workspace: Identifier<Workspace> {
        switch self {
        case .library(let workspace), .netdisk(let workspace, _): workspace
        }
    }

    public var description: String {
        switch self {
        case .library(let workspace): "\(workspace)/library"
        case .netdisk(let workspace, let account): "\(workspace)/netdisk/\(account)"
        }
    }

    public var kinds: Set<StorageKind> {
        switch self {
        case .library: Set(StorageKind.allCases).subtracting([.netdisk])
        case .netdisk: [.netdisk]
        }
    }
}

/// What a meter held in an hour. There is one sample for each absolute hour; the first one counts (BIL-15).
public struct StorageSample: Hashable, Sendable, Codable {
    /// When it was taken; it counts for the hour around it.
    public let at: Timestamp
    public let bytes: [StorageKind: Bytes]

    public init(at: Timestamp, bytes: [StorageKind: Bytes]) {
        self.at = at
        self.bytes = bytes
    }
}
