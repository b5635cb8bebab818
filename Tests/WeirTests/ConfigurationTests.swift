import Foundation
import Testing
import WeirModel

@testable import weir

@Suite("Configuration")
struct ConfigurationTests {
    func read(
        _ yaml: String = "", environment: [String: String] = [:], flags: [(key: String, value: String)] = []
    ) -> (configuration: Configuration, problems: [String]) {
        var reader = ConfigurationReader()
        reader.read(yaml: yaml, from: "weir.yaml")
        reader.read(environment: environment)
        reader.read(flags: flags)
        let problems = reader.problems + reader.configuration.contradictions()
        return (reader.configuration, problems.map(\.description))
    }

    @Test("nothing configured is a valid configuration on loopback")
    func defaults() throws {
        let configuration = try ConfigurationReader.read(file: nil, environment: [:], flags: [])
        #expect(configuration == Configuration())
        #expect(configuration.publicURL == "http://127.0.0.1:8080")
        #expect(configuration.flavors.map(\.name) == ["cpu-small", "cpu-medium", "cpu-large"])
    }

    @Test("the environment is stronger than the file, and a flag stronger than both")
    func strength() {
        let yaml = "api:\n  listen: 127.0.0.1:1\ngateway: {listen: '127.0.0.1:2'}\nzone: a\n"
        let result = read(
            yaml, environment: ["WEIR_API_LISTEN": "127.0.0.1:3", "WEIR_ZONE": "b"], flags: [(key: "zone", value: "c")])
        #expect(result.problems == [])
        #expect(result.configuration.api.listen.port == 3)
        #expect(result.configuration.gateway.listen.port == 2)
        #expect(result.configuration.zone == "c")
    }

    @Test("a wrong key is refused by its name and line, with the key that was probably meant")
    func unknownKeys() {
        let result = read(
            "zone: a\napi:\n  lisen: 127.0.0.1:1\n", environment: ["WEIR_GATEWAY_PORT": "1", "WEIR_TOKEN": "x"],
            flags: [(key: "colour", value: "red")])
        #expect(
            result.problems == [
                "weir.yaml, line 3: api.lisen: there is no such key; did you mean api.listen?",
                "environment: WEIR_GATEWAY_PORT: there is no such key; did you mean WEIR_GATEWAY_PORTS?",
                "flag: colour: there is no such key",
            ])
    }

    @Test("a wrong value is refused by its key, its place and the rule")
    func wrongValues() {
        let result = read(
            "api:\n  listen: 8080\nlog: loud\n", environment: ["WEIR_SIGN_UP": "maybe"],
            flags: [(key: "engine.cpu_overcommit", value: "0.5")])
        #expect(
            result.problems == [
                "weir.yaml, line 2: api.listen: expected an address and a port, as 127.0.0.1:8080 or [::1]:8080, "
                    + "not \"8080\"",
                "weir.yaml, line 3: log: expected keys and values, not \"loud\"",
                "environment variable WEIR_SIGN_UP: sign_up: expected one of closed, open, not \"maybe\"",
                "flag engine.cpu_overcommit: engine.cpu_overcommit: expected a number from 1.0 to 64.0, not \"0.5\"",
            ])
    }

    @Test("values that contradict each other and files that are not there are refused")
    func contradictions() {
        let result = read(flags: [
            (key: "api.tls.key", value: "/nonexistent/key.pem"), (key: "gateway.listen", value: "127.0.0.1:8080"),
            (key: "gateway.ports", value: "8000-9000"),
        ])
        #expect(
            result.problems == [
                "api.tls.certificate: a certificate and its key go together",
                "api.tls.key: expected a file that can be read, not \"/nonexistent/key.pem\"",
                "gateway.listen: the API listens on 127.0.0.1:8080 already",
                "gateway.ports: expected a range without api.listen, not \"8000-9000\"",
                "gateway.ports: expected a range without gateway.listen, not \"8000-9000\"",
            ])
    }

    @Test("a log's limit is 1 MiB at least (review 10)")
    func logLimit() {
        #expect(read(flags: [(key: "engine.log_limit", value: "1MiB")]).problems == [])
        #expect(
            read(flags: [(key: "engine.log_limit", value: "512KiB")]).problems == [
                "engine.log_limit: expected 1MiB at least, not \"\(Bytes(512 << 10))\""
            ])
    }

    @Test("flavors come from the file, and from the environment as YAML (QUO-01)")
    func flavors() {
        let yaml = """
            flavors:
              - {name: tiny, cpu: 0.5, memory: 1GiB, scratch: 2GiB, price_per_hour: 0.05, longest_run: 12h}
              - name: half-gpu
                cpu: 8
                memory: 64GiB
                scratch: 100GiB
                price_per_hour: 5
                gpu: {count: 0.5, memory: 40GiB}
            """
        let result = read(yaml)
        #expect(result.problems == [])
        #expect(
            result.configuration.flavors == [
                Flavor(
                    name: "tiny", cpu: 500, memory: .gib(1), scratch: .gib(2), longestRun: 43_200,
                    pricePerHour: Points(micro: 50_000)),
                Flavor(
                    name: "half-gpu", cpu: 8000, memory: .gib(64), scratch: .gib(100),
                    gpu: GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(40)), pricePerHour: 5),
            ])
        let environment = ["WEIR_FLAVORS": "[{name: a, cpu: 1, memory: 1GiB, scratch: 1GiB, price_per_hour: 1}]"]
        #expect(read(yaml, environment: environment).configuration.flavors.map(\.name) == ["a"])
    }

    @Test("classes of accelerators and simulated ones come from the file, and what is wrong is refused by name (QUO-01, QUO-10)")
    func accelerators() {
        let result = read(
            """
            accelerators:
              - {class: P1, models: "*A100*", memory: 80GiB}
              - {class: S2, kind: huawei.com/npu, models: [910A, 910B]}
            simulated_accelerators:
              - {class: B1, count: 2, memory: 24GiB}
            flavors:
              - {name: gpu, cpu: 1, memory: 1GiB, scratch: 1GiB, price_per_hour: 1, group: lab, preemptible: true,
                 gpu: {kind: weir.simulated/gpu, class: B1, count: 0.25, memory: 6GiB}}
            """)
        #expect(result.problems == [])
        #expect(
            result.configuration.accelerators == [
                AcceleratorClass(name: AcceleratorGrade(.performance, 1), kind: "nvidia.com/gpu", models: ["*A100*"], memory: .gib(80)),
                AcceleratorClass(name: AcceleratorGrade(.standard, 2), kind: "huawei.com/npu", models: ["910A", "910B"]),
            ])
        #expect(
            result.configuration.simulatedAccelerators == [
                SimulatedAccelerators(name: AcceleratorGrade(.basic, 1), count: 2, memory: .gib(24))
            ])
        let flavor = result.configuration.flavors.first
        #expect(flavor?.gpu == GPUShare(kind: "weir.simulated/gpu", compute: 250, memory: .gib(6), accelerator: "B1"))
        #expect(flavor?.group == "lab")
        #expect(flavor?.isPreemptible == true)
        // A kind that only simulated devices are of has a price too.
        #expect(result.configuration.prices.environment.gpus.map(\.kind).contains("weir.simulated/gpu"))

        #expect(
            read("accelerators: [{class: X1}]").problems == [
                "weir.yaml, line 1: accelerators[0].class: expected B, S or P and a number from 1 to 99, as P1, not \"X1\""
            ])
        #expect(
            read("accelerators: [{class: P1}, {class: P1}]").problems.first?.contains("two classes of nvidia.com/gpu are called P1") == true
        )
        #expect(
            read("flavors: [{name: a, cpu: 1, memory: 1GiB, scratch: 1GiB, price_per_hour: 1, gpu: {count: 1.5, memory: 1GiB}}]")
                .problems.first?.contains("whole ones") == true)
    }

    @Test("a flavor's wrong part is refused by name and line")
    func wrongFlavors() {
        #expect(
            read("flavors:\n  - {name: a, cpu: 1, ram: 1GiB}\n").problems == [
                "weir.yaml, line 2: flavors[0].ram: there is no such key; there are name, cpu, memory, scratch, "
                    + "processes, gpu, longest_run, group, preemptible, price_per_hour"
            ])
        #expect(
            read("flavors:\n  - {name: a, cpu: none, memory: 1GiB}\n").problems == [
                "weir.yaml, line 2: flavors[0].cpu: expected a number from 0.1 to 1024.0, not \"none\""
            ])
        #expect(read("flavors: []\n").problems.count == 1)
    }

    @Test("every default can be read back as what it is")
    func defaultsRoundTrip() {
        let flags = ConfigurationKey.all.filter { !$0.isStructured }.map { (key: $0.path, value: $0.standard) }
        let result = read(flags: flags)
        #expect(result.problems == [])
        #expect(result.configuration == Configuration())
    }

    @Test("the file with all defaults is valid once its keys are uncommented")
    func referenceFile() {
        let yaml = ConfigurationReference.file.split(separator: "\n").dropFirst().map { $0.dropFirst() }
            .joined(separator: "\n")
        let result = read(yaml)
        #expect(result.problems == [])
        #expect(result.configuration == Configuration())
    }

    @Test("the manual's table of keys is the table that the program reads by")
    func manual() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let manual = try String(contentsOf: root.appending(path: "Docs/operations.md"), encoding: .utf8)
        #expect(
            manual.contains(ConfigurationReference.markdown), "regenerate it with `weir config reference --markdown`")
    }

    @Test("durations, addresses and port ranges are read as people write them")
    func forms() {
        #expect(Duration(brief: "90m") == .seconds(5400))
        #expect(Duration(brief: "0h") == nil)
        #expect(Duration(brief: "1w") == nil)
        #expect(Duration.seconds(172_800).brief == "2d")
        #expect(Duration.seconds(5400).brief == "90m")
        #expect(ListenAddress("[::1]:80")?.description == "[::1]:80")
        #expect(ListenAddress("0.0.0.0:80")?.asReached == "127.0.0.1:80")
        #expect(ListenAddress("::1:80") == nil)
        #expect(PortRange("1-2-3") == nil)
        #expect(PortRange("31999-31000") == nil)
    }
}
