import Logging
import Testing
import WeirEngine
import WeirModel

@testable import weir

@Suite("Doctor")
struct DoctorTests {
    @Test("a program that is missing is told with the package that brings it")
    func missingProgram() {
        let program = HostCheckup.Program(
            name: "no-such-program", package: "some-package", isVital: true, purpose: LocalizedText("does it", zh: "做"))
        let findings = HostCheckup.programs([program])
        #expect(findings.map(\.status) == [.failed])
        #expect(findings[0].remedy?.en == "apt-get install some-package")
    }

    @Test("the devices of each accelerator class are told, classes and devices without the other, and what is simulated (QUO-01)")
    func accelerators() {
        var configuration = Configuration()
        configuration.accelerators = [
            AcceleratorClass(name: AcceleratorGrade(.performance, 1), kind: "nvidia.com/gpu", models: ["*A100*"]),
            AcceleratorClass(name: AcceleratorGrade(.performance, 2), kind: "nvidia.com/gpu", models: ["*H100*"]),
        ]
        configuration.simulatedAccelerators = [
            SimulatedAccelerators(name: AcceleratorGrade(.basic, 1), count: 2, memory: .gib(8))
        ]
        let findings = HostCheckup(configuration: configuration).accelerators([
            EngineGPU(device: "nvidia.com/gpu=0", memory: .gib(80), model: "NVIDIA A100"),
            EngineGPU(device: "nvidia.com/gpu=1", memory: .gib(24), model: "NVIDIA A10"),
        ])
        #expect(findings.map(\.status) == [.ok, .warning, .warning, .warning])
        #expect(
            findings.map(\.text.en) == [
                "P1: nvidia.com/gpu=0", "P2 (nvidia.com/gpu): no device of this host.", "Of no class: nvidia.com/gpu=1.",
                "2 × B1 with 8 GiB are simulated: they are counted, and there is no device.",
            ])
        #expect(HostCheckup(configuration: Configuration()).accelerators([]) == [])
    }

    @Test("without users for containers no tenant is run, before anything is made, unless the configuration allows it (hostile 3)")
    func userNamespaces() throws {
        var profile = HostProfile(cgroups: .v2, userNamespaceObstacle: .noRange(["/etc/subuid"]))
        var configuration = Configuration()
        let logger = Logger(label: "weir.test", factory: { _ in SwiftLogNoOpLogHandler() })
        let refused = #expect(throws: WeirError.self) { try configuration.requireUserNamespaces(profile, logger: logger) }
        #expect(refused?.code == "user_namespaces_missing")
        #expect(refused?.remedy?.en.contains("echo containers:2147483647:2147483648 | tee -a /etc/subuid —") == true)
        #expect(refused?.remedy?.en.contains("engine.user_namespaces: optional") == true)
        configuration.engine.userNamespaces = .optional
        try configuration.requireUserNamespaces(profile, logger: logger)
        profile.userNamespaceObstacle = nil
        configuration.engine.userNamespaces = .required
        try configuration.requireUserNamespaces(profile, logger: logger)
    }

    @Test("who is not root is told so")
    func user() {
        #expect(HostCheckup.user(1000).status == .failed)
        #expect(HostCheckup.user(0).status == .ok)
    }

    @Test("who is not root is refused by weir serve in the words of weir doctor, before anything is made (G1-4)")
    func serveAsRoot() throws {
        let refused = #expect(throws: WeirError.self) { try HostCheckup.requireRoot(1000) }
        #expect(refused?.code == "root_required")
        #expect(refused?.remedy == HostCheckup.user(1000).remedy)
        try HostCheckup.requireRoot(0)
    }
}
