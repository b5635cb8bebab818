import WeirModel

extension Engine {
    /// Of an engine that has none, or cannot tell.
    public func acceleratorUse() async throws -> [String: Int] { [:] }
}

extension PodmanEngine {
    /// NVIDIA's by its own tool; where that is missing, nothing is known of them.
    public func acceleratorUse() async throws -> [String: Int] {
        guard HostCommand.find("nvidia-smi") != nil else { return [:] }
        let result = try await HostCommand.run(
            ["nvidia-smi", "--query-gpu=index,utilization.gpu", "--format=csv,noheader,nounits"])
        return result.status == 0 ? AcceleratorUse.parse(result.output) : [:]
    }
}

enum AcceleratorUse {
    /// Lines as `0, 37`; a device that does not say is left out.
    static func parse(_ text: String) -> [String: Int] {
        var use: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ",").map { $0.drop { $0 == " " }.prefix { $0 != " " } }
            guard fields.count == 2, let index = Int(fields[0]), let percent = Int(fields[1]), (0...100).contains(percent) else { continue }
            use["nvidia.com/gpu=\(index)"] = percent
        }
        return use
    }
}
