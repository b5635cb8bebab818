/// What somebody wants to do, to be told how much it needs (QUO-14).
public enum SizingPurpose: Hashable, Sendable {
    /// Writing and trying out: a small flavor.
    case development
    /// By the size of the model.
    case training(ModelSize, TrainingMethod)
    /// By the size of the model and how many ask at once.
    case inference(ModelSize, concurrency: Int, context: Int)
}

/// A model by its number of parameters and the precision of its weights.
public struct ModelSize: Hashable, Sendable {
    public let parameters: Int64
    public let precision: Precision

    public static let most: Int64 = 10_000_000_000_000

    /// Throws `malformed` for none, or more than ten trillion parameters.
    public init(parameters: Int64, precision: Precision) throws(WeirError) {
        guard (1...Self.most).contains(parameters) else { throw .malformed("parameters", "1 to \(Self.most)", rule: "QUO-14") }
        self.parameters = parameters
        self.precision = precision
    }

    public enum Precision: String, Sendable, Codable, CaseIterable {
        case fp32, fp16, int8, int4

        /// Bits of one weight.
        public var bits: Int64 {
            switch self {
            case .fp32: 32
            case .fp16: 16
            case .int8: 8
            case .int4: 4
            }
        }
    }

    var weights: Bytes { Bytes(parameters * precision.bits / 8) }

    /// Layers of a transformer of this size: n ≈ 12 · layers · width² parameters, with a width of 128 · layers.
    var layers: Int64 {
        var layers: Int64 = 1
        while 196_608 * (layers + 1) * (layers + 1) * (layers + 1) <= parameters { layers += 1 }
        return layers
    }

    /// What one token of context keeps in a transformer of this size: keys and values of two bytes for each layer and unit of width.
    var bytesPerToken: Bytes { Bytes(2 * 2 * 128 * layers * layers) }
}

public enum TrainingMethod: String, Sendable, Codable, CaseIterable {
    /// All weights with Adam: 16 bytes a parameter for weights, gradients and the optimizer's state, in single and in mixed precision.
    case full
    /// Adapters of low rank: the weights as they are, and a fifth more.
    case adapter
}

/// How much is needed, with the arithmetic.
public struct SizingNeed: Hashable, Sendable {
    /// Over all GPUs of an instance together; nil when no GPU is needed.
    public let gpuMemory: Bytes?
    public let memory: Bytes
    public let arithmetic: LocalizedText
}

/// A flavor that will do.
public struct SizingSuggestion: Hashable, Sendable {
    public let flavor: Flavor
    public let reason: LocalizedText
}

extension SizingPurpose {
    /// What CUDA and the framework take before the first tensor.
    static let runtime = Bytes.gib(1)

    /// How much is needed. Estimates for dense transformers: what is kept between layers while training depends on the length of the batch,
    /// and is counted as a quarter of the rest.
    public var need: SizingNeed {
        switch self {
        case .development:
            return SizingNeed(
                gpuMemory: nil, memory: .gib(2),
                arithmetic: LocalizedText(
                    "To write and try out, the smallest flavor with 2 GiB of memory will do; switch to a larger one for the run itself.",
                    zh: "开发调试选用内存不低于 2 GiB 的最小规格即可；正式运行时再切换到更大的规格。"))
        case .training(let model, .full):
            let state = Bytes(model.parameters * 16)
            let need = Self.sum(state, Bytes(state.count / 4), Self.runtime)
            return SizingNeed(
                gpuMemory: need, memory: need,
                arithmetic: LocalizedText(
                    "\(model.parameters) parameters × 16 bytes (weights, gradients, Adam) = \(state); + 25 % for activations + 1 GiB for the runtime = \(need) of GPU memory.",
                    zh: "\(model.parameters) 个参数 × 16 字节（权重、梯度、Adam 状态）= \(state)；加 25 % 激活值与 1 GiB 运行时 = \(need) 显存。"))
        case .training(let model, .adapter):
            let extra = Bytes(model.weights.count / 5)
            let base = model.weights + extra
            let need = Self.sum(base, Bytes(base.count / 4), Self.runtime)
            return SizingNeed(
                gpuMemory: need, memory: need,
                arithmetic: LocalizedText(
                    "\(model.parameters) parameters × \(model.precision.bits) bits = \(model.weights), + 20 % for the adapter and its optimizer = \(base); + 25 % for activations + 1 GiB for the runtime = \(need) of GPU memory.",
                    zh:
                        "\(model.parameters) 个参数 × \(model.precision.bits) 位 = \(model.weights)，加 20 % 适配器及优化器 = \(base)；加 25 % 激活值与 1 GiB 运行时 = \(need) 显存。"
                ))
        case .inference(let model, let concurrency, let context):
            let token = model.bytesPerToken
            let cache = Bytes(token.count * Int64(context) * Int64(concurrency))
            let need = Self.sum(model.weights, cache, Self.runtime)
            return SizingNeed(
                gpuMemory: need, memory: model.weights + .gib(2),
                arithmetic: LocalizedText(
                    "\(model.parameters) parameters × \(model.precision.bits) bits = \(model.weights); \(concurrency) at once × \(context) tokens × \(token) of keys and values (\(model.layers) layers) = \(cache); + 1 GiB for the runtime = \(need) of GPU memory.",
                    zh:
                        "\(model.parameters) 个参数 × \(model.precision.bits) 位 = \(model.weights)；并发 \(concurrency) × \(context) 个 token × \(token)（\(model.layers) 层的键值缓存）= \(cache)；加 1 GiB 运行时 = \(need) 显存。"
                ))
        }
    }

    private static func sum(_ parts: Bytes...) -> Bytes { parts.reduce(0, +) }

    /// The flavors that will do, the cheapest first. For training and inference those with a GPU come first; small models are also offered
    /// flavors without one. Empty when none is large enough.
    /// - Parameter price: points an hour; nil for a flavor that the price list lacks.
    public func suggestions(among flavors: [Flavor], price: (Flavor) -> Points?) -> [SizingSuggestion] {
        let need = need
        let candidates = flavors.compactMap { flavor -> (suggestion: SizingSuggestion, key: Key)? in
            guard let reason = reason(for: flavor, need) else { return nil }
            return (
                SizingSuggestion(flavor: flavor, reason: reason),
                Key(
                    isSecond: need.gpuMemory != nil && flavor.gpu == nil, price: price(flavor)?.micro ?? .max,
                    gpu: flavor.gpu?.compute ?? 0, memory: flavor.memory.count, name: flavor.name)
            )
        }
        return candidates.sorted { $0.key < $1.key }.map(\.suggestion)
    }

    private func reason(for flavor: Flavor, _ need: SizingNeed) -> LocalizedText? {
        guard let wanted = need.gpuMemory else {
            guard flavor.gpu == nil, flavor.memory >= need.memory else { return nil }
            return LocalizedText("\(flavor.memory) of memory.", zh: "内存 \(flavor.memory)。")
        }
        guard let gpu = flavor.gpu else {
            // A processor is some hundred times slower: only what is small can be waited for.
            guard wanted <= .gib(4), flavor.memory >= need.memory else { return nil }
            return LocalizedText(
                "Without a GPU, in \(flavor.memory) of memory: slow, for small models only.",
                zh: "无 GPU，使用 \(flavor.memory) 内存：速度较慢，仅适合小模型。")
        }
        let has = Bytes(gpu.memory.count * Int64(gpu.devices))
        guard has >= wanted else { return nil }
        return gpu.devices == 1
            ? LocalizedText("\(has) of GPU memory for \(wanted).", zh: "显存 \(has)，需要 \(wanted)。")
            : LocalizedText(
                "\(gpu.devices) GPUs with \(gpu.memory) each, \(has) for \(wanted): the model has to be parted among them.",
                zh: "\(gpu.devices) 张 GPU，每张 \(gpu.memory)，共 \(has)，需要 \(wanted)：模型须切分到各卡。")
    }

    private struct Key: Comparable {
        let isSecond: Bool
        let price: Int64
        let gpu: Int
        let memory: Int64
        let name: String

        static func < (a: Key, b: Key) -> Bool {
            (a.isSecond ? 1 : 0, a.price, a.gpu, a.memory, a.name) < (b.isSecond ? 1 : 0, b.price, b.gpu, b.memory, b.name)
        }
    }
}
