import Foundation
import Testing
import WeirModel
@testable import WeirStore

@Suite("JSON that is written as it goes")
struct QuickJSONTests {
    private static let tree = TreeName(RandomIdentifiers().next(Tree.self, at: Timestamp(milliseconds: 1_800_000_000_000)))
    private static let asset = RandomIdentifiers().next(Asset.self, at: Timestamp(milliseconds: 1_800_000_000_000))
    static let details: [WorkloadSpec.Detail] = [
        .environment(EnvironmentDetail(tool: "jupyterlab", autoStop: nil)),
        .environment(EnvironmentDetail(tool: "jupyterlab", autoStop: 3600)),
        .job(JobDetail(command: "python \"a b\".py\n\t# \u{1}\\ 训练 🙂 /tmp", code: tree, timeLimit: 60)),
        .service(
            ServiceDetail(command: "serve", code: tree, port: 8000, mode: .http, healthPath: "/health", startLimit: 30, replicas: 2)),
        .board(BoardDetail(logPath: "/gemini/output")),
    ]

    @Test("every kind of definition is read back as it was", arguments: details)
    func definitions(_ detail: WorkloadSpec.Detail) throws {
        for gpu in [nil, GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(40))] {
            let mounts = [
                MountedVersion(asset: Self.asset, version: 1, tree: Self.tree), .init(asset: Self.asset, version: 2, tree: Self.tree),
            ]
            let spec = WorkloadSpec(
                image: PinnedImage(reference: "weir/python", digest: "sha256:00"),
                flavor: Flavor(name: "f", cpu: 1500, memory: .gib(4), scratch: 0, gpu: gpu, pricePerHour: Points(micro: 1)),
                datasets: mounts,
                variables: ["A": "", "B\"": "\u{7f}\u{0}é", "C": "{}[],:"], detail: detail)
            #expect(try JSONDecoder().decode(WorkloadSpec.self, from: Data(quickJSON(spec).utf8)) == spec)
        }
    }

    private struct Shapes: Codable, Hashable {
        var numbers: [[Int]] = [[], [1, -2], [.max, .min]]
        var names: [String: [String?]] = ["": [nil, "x"], "空": []]
        var fraction = -0.1
        var tiny = 1e-300
        var yes = true
        var nothing: Int?
        var small: [UInt8] = [0, 255]
        var text = (0..<128).map { String(UnicodeScalar($0)) }.joined()
    }

    @Test("whatever Codable can say is what JSONDecoder hears")
    func shapes() throws {
        let shapes = Shapes()
        #expect(try JSONDecoder().decode(Shapes.self, from: Data(quickJSON(shapes).utf8)) == shapes)
        #expect(try quickJSON([Int]()) == "[]")
        #expect(try quickJSON("a") == "\"a\"")
        #expect(throws: EncodingError.self) { try quickJSON([Double.nan]) }
    }
}
