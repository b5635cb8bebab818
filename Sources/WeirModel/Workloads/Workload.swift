/// Anything that runs for a workspace.
public struct Workload: Identified, Sendable {
    public static let identifierPrefix = "wld"
}

/// One container of a workload.
public struct Instance: Identified, Sendable {
    public static let identifierPrefix = "ins"
}

public enum WorkloadKind: String, Sendable, Codable, CaseIterable {
    case environment, job, service, board
}
