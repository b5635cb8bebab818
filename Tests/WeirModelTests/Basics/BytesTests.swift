import Testing
import WeirModel

@Suite("Sizes")
struct BytesTests {
    @Test(
        "a size is written in the largest unit that it fills, also the largest size there is",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (50 << 30, "50 GiB"), (1_099_511_627_775, "1023.9 GiB"),
            (1 << 60, "1048576 TiB"), (.max, "8388607.9 TiB"),
        ] as [(Int64, String)])
    func description(count: Int64, text: String) {
        #expect(Bytes(count).description == text)
    }
}
