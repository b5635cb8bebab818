import Synchronization
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

/// Three environments in real containers: one that does nothing, one that nothing is done with but that is exempt, and one that works.
@Suite("Environments that nobody uses are warned, saved and stopped")
struct IdleReclaimTests {
    private static let flavor = Flavor(
        name: "desk", cpu: 500, memory: .mib(128), scratch: .mib(64), processes: 64, pricePerHour: Points(1))
    /// Quiet is at most 0.3 s of processor time in a minute.
    private static let quiet = 5
    /// Works for longer than quiet allows: that saves, and is no use.
    private static let hook = """
        echo "$WEIR_STOPS_AT" > /home/user/told
        i=0; while [ $i -lt 600000 ]; do i=$((i+1)); done
        """

    @Test(
        "hostile 2: what does nothing is warned by a notice, in its terminals and by the environment's own command, then stopped; what is exempt or works is not; what it saved is shown in points (X18)",
        .timeLimit(.minutes(3)))
    func reclaim() async throws {
        try await TestEngine.with { host in
            let clock = ManualClock(SystemClock().now().description)
            let test = try TestPlatform(clock: clock, flavors: [Self.flavor])
            let image = try #require(try await host.engine.image(TestImage.desk(host.engine)))
            try await test.running(engine: host.engine) { platform in
                let tenant = try await test.tenant(on: platform)
                _ = try await platform.images.register(image, for: nil)
                func environment(_ name: String) async throws -> (workload: WorkloadRecord, instance: Identifier<Instance>) {
                    let made = try await platform.environments.create(
                        Submission(name: name, image: image.reference, flavor: "desk"), tool: "desk", autoStop: nil, onIdle: Self.hook,
                        in: tenant.project, by: tenant.caller)
                    try await platform.wait(for: made, toBe: .running)
                    let instances = try await test.store.read { try $0.instances(of: made.id, run: 1) }
                    return (made, try #require(instances.first).id)
                }
                let (idle, exempt, busy, entered) = (
                    try await environment("idle"), try await environment("exempt"), try await environment("busy"),
                    try await environment("entered")
                )
                let policy = IdlePolicy(after: 300, cpu: Self.quiet, warning: 120, exemptWorkloads: [exempt.workload.id])
                _ = try await platform.idlePolicies.set(policy, of: tenant.workspace, by: tenant.caller)
                // What lies in a home is nobody's to run: the home may be mounted elsewhere, too.
                let planted = """
                    mkdir -p /home/user/.weir
                    printf '#!/bin/sh\necho ran > /home/user/planted\n' > /home/user/.weir/on-idle && chmod +x /home/user/.weir/on-idle
                    """
                #expect(try await host.engine.run(["sh", "-c", planted], in: idle.instance).exitCode == 0)
                _ = try await host.engine.run(["sh", "-c", "while :; do :; done >/dev/null 2>&1 &"], in: busy.instance)
                let screen = Screen()
                let terminal = try await host.engine.terminal(["sh"], in: idle.instance, size: TerminalSize(columns: 200, rows: 20))

                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for try await bytes in terminal.output { screen.add(bytes) }
                    }
                    func look() async throws {
                        // Somebody whose SSH session carries a little now and then.
                        platform.routes.activity.saw(.ssh, in: entered.workload.id)
                        try await platform.idleReclaim.look()
                        let before = try await host.engine.usage(of: busy.instance)?.cpu ?? .zero
                        while try await host.engine.usage(of: busy.instance)?.cpu ?? .zero < before + .milliseconds(600) {
                            try await Task.sleep(for: .milliseconds(50))
                        }
                        clock.advance(by: .seconds(60))
                    }
                    // The first look sees only how much was used before.
                    for _ in 0..<4 { try await look() }
                    #expect(try await test.store.read { try $0.workload(idle.workload.id) }?.idleStopAt == nil)
                    try await look()
                    let warned = try #require(try await test.store.read { try $0.workload(idle.workload.id) })
                    let stopsAt = try #require(warned.idleStopAt)
                    #expect(warned.state == .running)
                    let notices = try await test.store.read { try $0.notices(of: tenant.workspace, PageRequest(limit: 10)) }.items
                    #expect(notices.filter { $0.code == "idle_environment" }.map(\.subject) == [idle.workload.id.text])
                    let told = try await host.engine.run(["cat", "/home/user/told"], in: idle.instance)
                    #expect(told.output.contains(stopsAt.description))
                    let planted = try await host.engine.run(["cat", "/home/user/planted"], in: idle.instance)
                    #expect(planted.exitCode != 0, "hostile 2: code from a home was run")
                    while !screen.shows("is stopped at") || !screen.shows("停止") {
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    for _ in 0..<2 { try await look() }
                    try await platform.wait(for: idle.workload, toBe: .stopped)
                    group.cancelAll()
                    await terminal.close()
                }

                let history = try await test.store.read { try $0.transitions(of: idle.workload.id) }
                #expect(history.map(\.cause).contains("idle"))
                let evidence = try #require(history.first { $0.cause == "idle" }?.idleEvidence)
                #expect(evidence.sample.network != nil && evidence.sample.disk != nil && evidence.sample.seen.isEmpty)
                #expect(evidence.text.en.contains("SSH and SFTP not seen"))
                for other in [exempt, busy, entered] {
                    let workload = try #require(try await test.store.read { try $0.workload(other.workload.id) })
                    #expect(workload.state == .running && workload.idleStopAt == nil)
                }
                clock.advance(by: .seconds(3600))
                let stops = try await platform.idlePolicies.stops(in: tenant.workspace, PageRequest(), for: tenant.caller).items
                #expect(stops.map(\.record.name) == ["idle"])
                let saving = try #require(stops.first?.saving)
                #expect(saving.seconds >= 3600)
                #expect(saving.points > Points(0))
                #expect(try await platform.idlePolicies.saved(in: tenant.workspace, for: tenant.caller) == saving.points)
            }
        }
    }
}

/// What a terminal has shown.
private final class Screen: Sendable {
    private let text = Mutex("")

    func add(_ bytes: [UInt8]) { text.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }

    func shows(_ part: String) -> Bool { text.withLock { $0.contains(part) } }
}
