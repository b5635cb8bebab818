/// What a quota can limit (QUO-03, QUO-08).
public enum QuotaDimension: String, Sendable, Codable, CaseIterable {
    /// Thousandths of a core.
    case cpu
    /// Bytes.
    case memory
    /// Thousandths of a GPU's compute, whatever its kind.
    case gpu
    /// Bytes of the memory of GPUs.
    case gpuMemory = "gpu_memory"
    case instances
    /// Bytes that are kept.
    case storage

    public var name: LocalizedText {
        switch self {
        case .cpu: LocalizedText("CPU cores", zh: "CPU 核")
        case .memory: LocalizedText("memory", zh: "内存")
        case .gpu: LocalizedText("GPU compute", zh: "GPU 算力")
        case .gpuMemory: LocalizedText("GPU memory", zh: "显存")
        case .instances: LocalizedText("instances", zh: "实例数")
        case .storage: LocalizedText("storage", zh: "存储")
        }
    }

    /// An amount as people read it: `1.5` cores, `12 GiB`, `0.25` GPUs.
    /// - Parameter amount: in the dimension's unit.
    public func written(_ amount: Int64) -> String {
        switch self {
        case .cpu, .gpu: Self.thousandths(amount)
        case .memory, .gpuMemory, .storage: Bytes(amount).description
        case .instances: String(amount)
        }
    }

    private static func thousandths(_ amount: Int64) -> String {
        let (whole, rest) = (amount.magnitude / 1000, amount.magnitude % 1000)
        let sign = amount < 0 ? "-" : ""
        guard rest > 0 else { return "\(sign)\(whole)" }
        var digits = String(1000 + rest).dropFirst()
        while digits.hasSuffix("0") { digits = digits.dropLast() }
        return "\(sign)\(whole).\(digits)"
    }
}
