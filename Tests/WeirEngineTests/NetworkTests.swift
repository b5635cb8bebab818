import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

@Suite("Workspaces are apart", .serialized)
struct NetworkTests {
    private static let server = "echo ready; while true; do echo -e 'HTTP/1.0 200 OK\\r\\n\\r\\nopen' | nc -l -p 8000; done"

    @Test("instances of a workspace find each other by name; other workspaces and the host's ports are out of reach")
    func isolation() async throws {
        let host = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "0.0.0.0", port: 0) { channel in channel.eventLoop.makeSucceededFuture(channel) }
        let port = try #require(host.channel.localAddress?.port)
        try await TestEngine.with { test in
            let (ours, theirs) = (test.workspace(), test.workspace())
            let peer = test.launch(Self.server, in: ours, hostName: "peer")
            let other = test.launch(Self.server, in: theirs, hostName: "other")
            for launch in [peer, other] {
                _ = try await test.engine.launch(launch)
                _ = try await test.wrote("ready", launch)
            }
            let address = try #require(try await test.engine.observe(other.instance)?.address)
            let script = """
                try() { if nc -w 2 $2 $3 </dev/null >/dev/null 2>&1; then echo "$1 reached"; else echo "$1 refused"; fi; }
                # The name server is started again when a network is added, here by the other tests.
                P=; while [ -z "$P" ]; do P=$(nslookup peer 2>/dev/null | awk '/^Address: /{print $2; exit}'); done
                try peer $P 8000
                try other \(address) 8000
                try gateway $(ip route | grep default | cut -d' ' -f3) \(port)
                try host \(Self.hostAddress()) \(port)
                try metadata 169.254.169.254 80
                echo done
                """
            let probe = test.launch(script, in: ours, hostName: "probe")
            _ = try await test.engine.launch(probe)
            let lines = try await test.wrote("done", probe).split(separator: "\n")
            #expect(
                lines == [
                    "peer reached", "other refused", "gateway refused", "host refused", "metadata refused", "done",
                ])
            // The host itself reaches instances, as the gateway must.
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: address, port: 8000).get()
            // The server of the test may have hung up already.
            try? await channel.close()

            for launch in [peer, other, probe] { try await test.engine.remove(launch.instance) }
            try await test.engine.prepareNetwork(for: ours)
            try await test.engine.removeNetwork(for: ours)
            try await test.engine.removeNetwork(for: ours)
        }
        try await host.channel.close()
    }

    @Test("a tool is reached by the gateway and by nobody else: no other instance of its workspace, no other user of the host (hostile 11)")
    func tools() async throws {
        try await TestEngine.with { test in
            let ours = test.workspace()
            let script = """
                serve() { while true; do echo -e 'HTTP/1.0 200 OK\\r\\n\\r\\nopen' | nc -l -p $1; done; }
                serve 8000 & serve 8001 & serve 8002 &
                for port in 8000 8001 8002; do until nc -w 2 127.0.0.1 $port </dev/null >/dev/null 2>&1; do sleep 0.1; done; done
                echo ready; wait
                """
            var tool = test.launch(script, in: ours, hostName: "tool")
            tool.gatewayPorts = [8000, 8002]
            _ = try await test.engine.launch(tool)
            // The rules leave it to itself.
            _ = try await test.wrote("ready", tool)
            let address = try #require(try await test.engine.observe(tool.instance)?.address)
            let colleague = test.launch(
                """
                for port in 8000 8001 8002; do
                  if nc -w 2 \(address) $port </dev/null >/dev/null 2>&1; then echo "$port reached"; else echo "$port refused"; fi; done; echo done
                """, in: ours, hostName: "colleague")
            _ = try await test.engine.launch(colleague)
            #expect(
                try await test.wrote("done", colleague).split(separator: "\n") == ["8000 refused", "8001 reached", "8002 refused", "done"])

            let connect = ["bash", "-c", "exec 3<>/dev/tcp/\(address)/$0"]
            let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
            for port in ["8000", "8001"] {
                #expect(try await HostCommand.run(nobody + connect + [port]).status != 0)
                // Between two connections the server of the test is a moment away.
                var status: Int32 = 1
                let deadline = ContinuousClock.now + .seconds(20)
                while status != 0, ContinuousClock.now < deadline { status = try await HostCommand.run(connect + [port]).status }
                #expect(status == 0)
            }
        }
    }

    @Test("a step of an image's build reaches neither the host's ports nor sees its interfaces")
    func builds() async throws {
        let host = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "0.0.0.0", port: 0) { channel in channel.eventLoop.makeSucceededFuture(channel) }
        let port = try #require(host.channel.localAddress?.port)
        try await TestEngine.with { test in
            let context = test.folder.path + "/context"
            try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
            try """
            FROM \(test.image)
            RUN try() { if nc -w 2 $1 \(port) </dev/null >/dev/null 2>&1; then echo "$2-reached"; else echo "$2-refused"; fi; }; \
                try \(Self.hostAddress()) host; try 127.0.0.1 loopback; \
                try $(ip route | grep default | cut -d' ' -f3) gateway; echo "links $(ip link | grep -c mtu)"
            """.write(toFile: context + "/Containerfile", atomically: true, encoding: .utf8)
            let tag = "localhost/weir-test/\(test.configuration.installation):1"
            let lines = Mutex<[String]>([])
            _ = try await test.engine.build(ImageBuild(context: context, tag: tag)) { line in lines.withLock { $0.append(line) } }
            try await test.engine.removeImage(tag)
            let told = lines.withLock { $0 }
            for line in ["host-refused", "loopback-refused", "gateway-refused", "links 2"] {
                #expect(told.contains(line), "\(told)")
            }
        }
        try await host.channel.close()
    }

    /// The host's own address towards the outside.
    private static func hostAddress() -> String {
        let devices = (try? System.enumerateDevices()) ?? []
        return devices.first { $0.name.hasPrefix("e") && $0.address?.protocol == .inet }?.address?.ipAddress ?? "127.0.0.2"
    }
}
