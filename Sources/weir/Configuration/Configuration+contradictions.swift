import Foundation
import WeirModel

extension Configuration {
    /// What no single value shows: values that do not go together, and files that are not there.
    func contradictions() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        // The runtime begins the file of a log anew at a quarter of it: of a smaller one parts would be lost between two looks.
        if engine.logLimit < .mib(1) {
            problems.append(ConfigurationProblem(key: "engine.log_limit", value: "\(engine.logLimit)", reason: "expected 1MiB at least"))
        }
        for (name, tls) in [("api.tls", api.tls), ("gateway.tls", gateway.tls)]
        where (tls.certificate == nil) != (tls.key == nil) {
            let missing = tls.certificate == nil ? "certificate" : "key"
            problems.append(
                ConfigurationProblem(key: "\(name).\(missing)", reason: "a certificate and its key go together"))
        }
        for (key, file) in [
            ("api.tls.certificate", api.tls.certificate), ("api.tls.key", api.tls.key),
            ("gateway.tls.certificate", gateway.tls.certificate), ("gateway.tls.key", gateway.tls.key),
            ("engine.ca_bundle", engine.caBundle),
        ] {
            if let file, !FileManager.default.isReadableFile(atPath: file) {
                problems.append(ConfigurationProblem(key: key, value: file, reason: "expected a file that can be read"))
            }
        }
        if api.listen == gateway.listen, api.listen.port != 0 {
            problems.append(
                ConfigurationProblem(key: "gateway.listen", reason: "the API listens on \(api.listen) already"))
        }
        for (key, port) in [("api.listen", api.listen.port), ("gateway.listen", gateway.listen.port), ("ssh.listen", ssh.listen.port)]
        where gateway.ports.contains(port) {
            problems.append(
                ConfigurationProblem(
                    key: "gateway.ports", value: "\(gateway.ports)", reason: "expected a range without \(key)"))
        }
        return problems
    }
}
