import GRDB
public import WeirModel

extension Reading {
    /// Where a running instance stands in its workspace's network, by the name that others of the workspace know it by; of a workload
    /// with several, the first. Nil when there is none in this workspace.
    public func address(of neighbour: Neighbour, in workspace: Identifier<Workspace>) throws -> String? {
        let condition: String
        let arguments: StatementArguments
        switch neighbour {
        case .instance(let kind, let tail, let position):
            condition = "workload.kind = ? AND substr(workload.id, -8) = ? AND instance.position = ?"
            arguments = [workspace, kind.rawValue, tail, position]
        case .workload(let name):
            condition = "workload.name_key = ?"
            arguments = [workspace, (try? Name(name))?.key]
        }
        return try String.fetchOne(
            db,
            sql: """
                SELECT instance.address FROM workload JOIN instance ON instance.workload = workload.id AND instance.run = workload.run
                WHERE workload.workspace = ? AND workload.state IN ('deploying', 'running') AND workload.deleted_at IS NULL
                AND \(condition) AND instance.started_at IS NOT NULL AND instance.ended_at IS NULL AND instance.address IS NOT NULL
                ORDER BY workload.kind != 'service', instance.position, instance.attempt DESC LIMIT 1
                """, arguments: arguments)
    }
}
