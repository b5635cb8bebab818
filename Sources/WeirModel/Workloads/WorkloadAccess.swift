/// Who comes into a workload, and whose folders it has (IDW-07, STO-03).
public enum WorkloadAccess: String, Sendable, Codable, CaseIterable {
    /// Its maker alone, by any way; it has the maker's home and netdisk.
    case personal
    /// Everybody in the workspace; it has a home and a netdisk of the workspace's own, and nothing of a person's.
    case shared
}
