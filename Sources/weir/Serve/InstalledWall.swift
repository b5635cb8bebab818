import Logging
import WeirEngine
import WeirModel

/// The wall that this host can have in front of what people and workspaces keep.
struct InstalledWall {
    let wall: any StorageWall
    /// What the operator has to know of it.
    let complaints: @Sendable () -> [Complaint]

    init(_ configuration: Configuration, profile: HostProfile, data: DataFolder, watch: DiskWatch, logger: Logger) {
        switch profile.volumeWay(of: data.path) {
        case .loopFile:
            let volumes = LoopVolumes(
                folder: data.volumes, watch: watch, socket: configuration.engine.socket ?? PodmanService.defaultSocket, logger: logger)
            wall = volumes
            complaints = { volumes.complaints }
        case .projectQuota(let kind, let mount):
            wall = ProjectQuotas(kind: kind, mount: mount, folder: data.volumes, reserve: configuration.storage.reserve)
            complaints = { [] }
        case .none:
            wall = NoWall()
            let finding = HostChecks.noWall
            logger.warning("\(finding.en)")
            complaints = { [Complaint("storage_unbounded", finding)] }
        }
    }
}
