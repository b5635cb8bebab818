import Foundation
import Testing

@testable import WeirHTTP

@Suite struct FormFieldsTests {
    private func body(_ form: String) -> String {
        String(decoding: JSONWriter.bytes(of: FormFields(form).body()), as: UTF8.self)
    }

    @Test(
        "a field is read as its name says",
        arguments: [
            ("name=a+b%20%E4%B8%AD", #"{"name":"a b 中"}"#),
            ("port%3Anumber=8000", #"{"port":8000}"#),
            ("time_limit%3Ahours=1.5", #"{"time_limit":5400}"#),
            ("gpu.compute%3Athousandths=0.25&gpu.memory%3Agib=2", #"{"gpu":{"compute":250,"memory":2147483648}}"#),
            ("tags%3Alist=a%2C+b%0Ac", #"{"tags":["a","b","c"]}"#),
            ("variables%3Apairs=A%3D1%0D%0AB%3Dx%3Dy", #"{"variables":{"A":"1","B":"x=y"}}"#),
            ("datasets%5B%5D%3Ajson=%7B%22asset%22%3A%22a%22%7D&datasets%5B%5D%3Ajson=", #"{"datasets":[{"asset":"a"}]}"#),
            ("is_open%3Aflag=on", #"{"is_open":true}"#),
            ("text=", "{}"), ("text%3Atext%21=", #"{"text":null}"#), ("text%3Akeep=", #"{"text":""}"#),
            ("limit%3Anumber%21=", #"{"limit":null}"#),
            ("_csrf=x&name=y", #"{"name":"y"}"#),
            ("hours%3Anumbers=48%2C+24", #"{"hours":[48,24]}"#),
            ("at%3Atime=2026-11-22", #"{"at":"2026-11-22T00:00:00.000Z"}"#),
            ("at%3Atime=2026-11-22T08%3A30", #"{"at":"2026-11-22T08:30:00.000Z"}"#), ("at%3Atime=soon", #"{"at":"soon"}"#),
            (
                "a%5B%5D.price=1&a%5B%5D.name%3Aalso=x&a%5B%5D.price=&a%5B%5D.name%3Aalso=y&a%5B%5D.price=3&a%5B%5D.name%3Aalso=z",
                #"{"a":[{"price":"1","name":"x"},{"price":"3","name":"z"}]}"#
            ),
        ])
    func kinds(form: String, json: String) { #expect(body(form) == json) }

    @Test("a time is meant in the installation's zone, also where its clocks change")
    func zones() throws {
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        func at(_ text: String) -> String {
            String(decoding: JSONWriter.bytes(of: FormFields("at%3Atime=\(text)").body(zone: zone)), as: UTF8.self)
        }
        #expect(at("2026-07-01") == #"{"at":"2026-06-30T22:00:00.000Z"}"#)
        #expect(at("2026-12-01T12:00") == #"{"at":"2026-12-01T11:00:00.000Z"}"#)
    }

    @Test("what can't be read goes to the API as it was typed, which says what is wrong with it")
    func unreadable() {
        #expect(body("port%3Anumber=eighty") == #"{"port":"eighty"}"#)
        #expect(body("time_limit%3Ahours=1e400") == #"{"time_limit":"1e400"}"#)
        #expect(body("x%3Ajson=%7B") == #"{"x":"{"}"#)
    }

    @Test("a form that is shown again has its fields by the names without how they are read")
    func again() {
        #expect(FormFields("time_limit%3Ahours=2&name=a&_from=%2F").values == ["time_limit": "2", "name": "a"])
        #expect(FormFields("quota.cpu%3Athousandths=2.5").values == ["quota_cpu": "2.5"])
    }
}
