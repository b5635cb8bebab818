import Glibc

/// Signals as SSH names them (RFC 4254, 6.10).
enum SignalName {
    private static let numbers: [String: Int32] = [
        "ABRT": SIGABRT, "ALRM": SIGALRM, "FPE": SIGFPE, "HUP": SIGHUP, "ILL": SIGILL, "INT": SIGINT, "KILL": SIGKILL, "PIPE": SIGPIPE,
        "QUIT": SIGQUIT, "SEGV": SIGSEGV, "TERM": SIGTERM, "USR1": SIGUSR1, "USR2": SIGUSR2,
    ]

    static func number(_ name: String) -> Int32? { numbers[name] }
    static func name(_ number: Int32) -> String? { numbers.first { $0.value == number }?.key }
}
