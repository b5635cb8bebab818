/// A unit of work: code, environments, jobs and services with one goal (PRJ-01).
public struct Project: Identified, Sendable {
    public static let identifierPrefix = "prj"
}
