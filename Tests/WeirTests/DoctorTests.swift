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

    @Test("who is not root is told so")
    func user() {
        #expect(HostCheckup.user(1000).status == .failed)
        #expect(HostCheckup.user(0).status == .ok)
    }
}
