import Testing
import WeirModel

@Suite("The table of permissions")
struct PermissionTests {
    @Test("nobody enters, starts or reads what another keeps personal, whatever the role (IDW-07)")
    func personal() {
        for permission in [Permission.enter, .startWorkload, .readLog, .changeCode, .changeDraft, .changeAsset, .deleteAsset] {
            #expect(permission.grant.personal == nil)
            for role in Role.allCases { #expect(!role.may(permission, .personal)) }
        }
    }

    @Test("administrators and owners stop and delete anything; a member only what is the member's own (IDW-03)")
    func others() {
        for permission in [Permission.deleteWorkload, .changeWorkload, .deleteProject, .changeProject, .deleteAsset, .changeAsset] {
            #expect(!Role.member.may(permission, .shared) && Role.administrator.may(permission, .shared))
            #expect(Role.member.may(permission, .own))
        }
        for permission in [Permission.stopWorkload, .deleteWorkload, .deleteOutput] {
            #expect(!Role.member.may(permission, .personal) && Role.administrator.may(permission, .personal))
        }
    }

    @Test("a member works with what the workspace shares: code, drafts, environments that everybody enters (IDW-08)")
    func shared() {
        for permission in [Permission.changeCode, .changeDraft, .enter, .startWorkload, .stopWorkload, .readLog] {
            #expect(Role.member.may(permission, .shared))
        }
    }

    @Test("a higher role may all that a lower one may, and one's own is never less than another's")
    func order() {
        for permission in Permission.allCases {
            for ownership in Ownership.allCases {
                let allowed = Role.allCases.sorted().map { $0.may(permission, ownership) }
                #expect(allowed == allowed.sorted { !$0 && $1 }, "\(permission) \(ownership)")
                for role in Role.allCases where role.may(permission, ownership) { #expect(role.may(permission, .own)) }
            }
        }
    }

    @Test(
        "what is personal has its maker's home and netdisk; what everybody enters has the workspace's and nothing of a person's (STO-03, X19)"
    )
    func mounts() throws {
        let image = PinnedImage(reference: "i", digest: "d")
        let flavor = Flavor(name: "f", cpu: 1000, memory: .gib(1), scratch: 0, pricePerHour: 1)
        let tree = try #require(TreeName("tre_" + String(repeating: "0", count: 26)))
        for detail in [
            WorkloadSpec.Detail.environment(EnvironmentDetail(tool: "t", autoStop: nil)),
            .job(JobDetail(command: "c", code: tree)),
        ] {
            for access in [nil, WorkloadAccess.personal, .shared] {
                let spec = WorkloadSpec(image: image, flavor: flavor, detail: detail, access: access)
                let byTarget = Dictionary(uniqueKeysWithValues: spec.mounts().map { ($0.target, $0.source) })
                #expect(byTarget[ContainerPaths.home] == (access == .shared ? .sharedHome : .home))
                #expect(byTarget[ContainerPaths.netdisk] == (access == .shared ? .sharedNetdisk : .netdisk))
            }
        }
        let board = WorkloadSpec(image: image, flavor: flavor, detail: .board(BoardDetail(logPath: "/gemini/output")))
        #expect(board.isShared && board.mounts().allSatisfy { ![.home, .netdisk].contains($0.source) })
    }
}
