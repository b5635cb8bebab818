import Logging
import WeirEngine
import WeirModel

extension Configuration {
    /// Refuses to run tenants where root in a container is root of the host, unless the operator allows it; what is allowed is said at
    /// each start. To be asked before anything is made on the disk (IDW-02).
    func requireUserNamespaces(_ profile: HostProfile, logger: Logger) throws(WeirError) {
        guard let obstacle = profile.userNamespaceObstacle else { return }
        guard engine.userNamespaces == .optional else { throw .userNamespacesMissing(obstacle) }
        logger.warning(
            "\(obstacle.finding.en)",
            metadata: ["remedy": "\(obstacle.remedy.en)", "allowed_by": "engine.user_namespaces=optional"])
    }
}

extension WeirError {
    static func userNamespacesMissing(_ obstacle: UserNamespaceObstacle) -> WeirError {
        WeirError(
            "user_namespaces_missing", .failed, subject: "engine.user_namespaces", rule: "IDW-02", obstacle.finding,
            remedy: LocalizedText(
                "\(obstacle.remedy.en) — or, where all tenants are trusted, allow it by engine.user_namespaces: optional",
                zh: "\(obstacle.remedy.zh) ——若所有租户均可信，也可配置 engine.user_namespaces: optional 予以放行"))
    }
}
