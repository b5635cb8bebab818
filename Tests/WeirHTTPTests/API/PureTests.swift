import Foundation
import Testing
import WeirModel

@testable import WeirHTTP

@Suite struct JSONTests {
    @Test("what is written is read back the same by another reader, whatever the text holds")
    func roundTrip() throws {
        let texts = ["", "plain", "\"quoted\" \\ back", "line\nfeed\ttab\r\u{0}\u{7f}\u{1f}", "中文 😀 \u{2028}", "</script>"]
        for text in texts {
            let json: JSON = ["text": text, "list": [text, text], "none": JSON.null, "number": -7, "yes": true]
            let data = Data(JSONWriter.bytes(of: json))
            let read = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(read["text"] as? String == text)
            #expect(read["list"] as? [String] == [text, text])
            #expect(read["none"] is NSNull)
            #expect(read["number"] as? Int == -7)
        }
    }
}

@Suite struct RangeTests {
    @Test(
        "one range of bytes is read as the protocol says; several, or none that can be read, give the whole",
        arguments: [
            ("bytes=0-4", 0..<5), ("bytes=5-", 5..<10), ("bytes=-3", 7..<10), ("bytes=8-99", 8..<10),
            ("bytes=-99", 0..<10), ("bytes=0-1,3-4", nil), ("bytes=5-2", nil), ("items=0-1", nil), ("bytes=-", nil),
            ("bytes=a-b", nil),
        ] as [(String, Range<Int64>?)])
    func ranges(_ header: String, _ expected: Range<Int64>?) throws {
        #expect(try ByteRange(header: header)?.range(in: 10) == expected)
    }

    @Test("a range behind the end is refused", arguments: ["bytes=10-", "bytes=-0"])
    func beyond(_ header: String) {
        #expect(throws: WeirError.self) { try ByteRange(header: header)?.range(in: 10) }
    }

    @Test("a file's name cannot break out of its header")
    func names() {
        #expect(Call.attachment("a\"\r\nSet-Cookie: x.csv") == "attachment; filename*=UTF-8''a%22%0d%0aSet-Cookie%3a%20x.csv")
        #expect(Call.attachment("数.csv") == "attachment; filename*=UTF-8''%e6%95%b0.csv")
    }
}

@Suite struct MultipartHeaderTests {
    @Test("names in a form are read with quotes and escapes")
    func parameters() {
        let header = #"form-data; name="file"; filename="a \"b\"; c.csv""#
        #expect(MultipartReader.parameter("name", in: header) == "file")
        #expect(MultipartReader.parameter("filename", in: header) == #"a "b"; c.csv"#)
        #expect(MultipartReader.parameter("filename", in: #"form-data; name="x; filename=y""#) == nil)
        #expect(MultipartReader.boundary(in: #"multipart/form-data; boundary="a b""#) == "a b")
        #expect(MultipartReader.boundary(in: "multipart/mixed; boundary=a") == nil)
    }
}

@Suite struct MetricsTests {
    @Test("requests are counted by route and status, and their durations fall into buckets")
    func text() {
        let metrics = RequestMetrics()
        metrics.count(method: "GET", route: "/api/v1/projects/{project}", status: 200, duration: .milliseconds(3))
        metrics.count(method: "GET", route: "/api/v1/projects/{project}", status: 404, duration: .seconds(20))
        metrics.count(method: "BREW\"", route: "none", status: 404, duration: .zero)
        let text = metrics.text().text
        #expect(text.contains(#"weir_http_requests_total{method="GET",route="/api/v1/projects/{project}",status="200"} 1"#))
        #expect(text.contains(#"weir_http_requests_total{method="other",route="none",status="404"} 1"#))
        #expect(text.contains(#"_bucket{route="/api/v1/projects/{project}",le="0.005"} 1"#))
        #expect(text.contains(#"_bucket{route="/api/v1/projects/{project}",le="+Inf"} 2"#))
    }
}
