import Testing
import WeirModel

@Suite("Sizing advice")
struct SizingTests {
    private func flavor(_ name: String, gpu memory: Bytes? = nil, compute: Int = 1000, memory ram: Bytes = .gib(64)) -> Flavor {
        Flavor(
            name: name, cpu: 1000, memory: ram, scratch: 0,
            gpu: memory.map { GPUShare(kind: "nvidia.com/gpu", compute: compute, memory: $0) }, pricePerHour: 1)
    }

    @Test("to write and try out, the small flavors without a GPU come (QUO-14)")
    func development() {
        let flavors = [flavor("large"), flavor("gpu", gpu: .gib(80)), flavor("tiny", memory: .gib(1)), flavor("small", memory: .gib(2))]
        let prices: [String: Points] = ["large": 5, "gpu": 9, "tiny": 1, "small": 2]
        let names = SizingPurpose.development.suggestions(among: flavors) { prices[$0.name] }.map(\.flavor.name)
        #expect(names == ["small", "large"])
    }

    @Test("training needs 16 bytes a parameter and a quarter more; several GPUs count together (QUO-14)")
    func training() throws {
        let model = try ModelSize(parameters: 7_000_000_000, precision: .fp16)
        let need = SizingPurpose.training(model, .full).need
        #expect(need.gpuMemory == Bytes(7_000_000_000 * 20) + .gib(1))
        #expect(need.arithmetic.en.contains("7000000000 parameters × 16 bytes"))
        let flavors = [flavor("one", gpu: .gib(80)), flavor("two", gpu: .gib(80), compute: 2000), flavor("cpu")]
        let found = SizingPurpose.training(model, .full).suggestions(among: flavors) { _ in 1 }
        #expect(found.map(\.flavor.name) == ["two"])
        #expect(found.first?.reason.en.hasPrefix("2 GPUs with 80 GiB each") == true)
        let adapter = SizingPurpose.training(model, .adapter)
        #expect(adapter.suggestions(among: flavors) { _ in 1 }.map(\.flavor.name) == ["one", "two"])
    }

    @Test("inference counts the weights and what each request keeps: 512 KiB a token for 7 billion parameters (QUO-14)")
    func inference() throws {
        let model = try ModelSize(parameters: 7_000_000_000, precision: .fp16)
        let one = SizingPurpose.inference(model, concurrency: 1, context: 4096).need
        let sixteen = SizingPurpose.inference(model, concurrency: 16, context: 4096).need
        let cache = Bytes((try #require(sixteen.gpuMemory).count - (try #require(one.gpuMemory)).count) / 15)
        // 32 layers of a width of 4096, keys and values, two bytes each: what models of this size have.
        #expect(cache == .gib(2))
        #expect(sixteen.arithmetic.en.contains("32 layers"))
        let quantized = try ModelSize(parameters: 7_000_000_000, precision: .int4)
        let small = SizingPurpose.inference(quantized, concurrency: 1, context: 4096)
        #expect(try #require(small.need.gpuMemory) < .gib(7))
    }

    @Test("a small model is also offered flavors without a GPU, behind those with one; none is named when none is large enough")
    func small() throws {
        let model = try ModelSize(parameters: 10_000_000, precision: .fp32)
        let purpose = SizingPurpose.training(model, .full)
        let names = purpose.suggestions(among: [flavor("cpu"), flavor("gpu", gpu: .gib(24))]) { _ in nil }.map(\.flavor.name)
        #expect(names == ["gpu", "cpu"])
        let huge = SizingPurpose.training(try ModelSize(parameters: 1_000_000_000_000, precision: .fp16), .full)
        #expect(huge.suggestions(among: [flavor("gpu", gpu: .gib(80))]) { _ in nil }.isEmpty)
        #expect(throws: WeirError.self) { try ModelSize(parameters: 0, precision: .fp16) }
        // The largest that can be asked for does not overflow.
        let most = SizingPurpose.inference(
            try ModelSize(parameters: ModelSize.most, precision: .fp32), concurrency: 10_000, context: 1_000_000)
        #expect(try #require(most.need.gpuMemory) > .gib(1))
    }
}
