import Glibc

/// A seccomp filter for a program and all that it starts, as the words of classic BPF that bubblewrap takes.
///
/// A program that serves a tenant's folder has the host's numbers of users before it: a file with a setuid bit that it made would be a
/// way to another user for everybody on the host who can reach it.
public struct CallFilter: Hashable, Sendable {
    /// The part of one system call that is refused; everything else of it, and every other call, is allowed.
    enum Rule: Hashable, Sendable {
        case always(error: Int32)
        /// When one of the bits is set in an argument.
        case bits(UInt32, argument: Int, error: Int32)
        /// Likewise, where another argument says that a file is to be made: else this one has no meaning.
        case bitsOfNewFile(UInt32, argument: Int, flags: Int, error: Int32)
    }

    struct Call: Hashable, Sendable {
        var number: UInt32
        var rule: Rule

        init(_ number: UInt32, _ rule: Rule) {
            self.number = number
            self.rule = rule
        }
    }

    let calls: [Call]

    /// Refused: setuid and setgid bits, devices, namespaces of users, and the ring that calls could be put into past this filter.
    public static let forFolders = CallFilter(calls: Machine.calls + Machine.newer)
    /// Refused as well: making a file, and emptying one.
    public static let forFullFolders = CallFilter(calls: Machine.making + forFolders.calls)

    private static let setBits: UInt32 = 0o6000
    private static let newUsers: UInt32 = 0x1000_0000  // CLONE_NEWUSER
    private static let makesFile: UInt32 = 0o100 | 0o20_000_000  // O_CREAT, O_TMPFILE
    private static let makesOrEmpties: UInt32 = makesFile | 0o1000  // O_TRUNC

    /// The numbers of this kind of machine, as the kernel's tables have them.
    private enum Machine {
        #if arch(x86_64)
        static let calls: [Call] = [
            Call(2, .bitsOfNewFile(setBits, argument: 2, flags: 1, error: EPERM)),  // open
            Call(85, .bits(setBits, argument: 1, error: EPERM)),  // creat
            Call(90, .bits(setBits, argument: 1, error: EPERM)),  // chmod
            Call(91, .bits(setBits, argument: 1, error: EPERM)),  // fchmod
            Call(133, .always(error: EPERM)),  // mknod
            Call(257, .bitsOfNewFile(setBits, argument: 3, flags: 2, error: EPERM)),  // openat
            Call(259, .always(error: EPERM)),  // mknodat
            Call(268, .bits(setBits, argument: 2, error: EPERM)),  // fchmodat
            Call(56, .bits(newUsers, argument: 0, error: EPERM)),  // clone
            Call(272, .bits(newUsers, argument: 0, error: EPERM)),  // unshare
        ]
        /// They stand before the others, since the first rule of a call decides.
        static let making: [Call] = [
            Call(2, .bits(makesOrEmpties, argument: 1, error: EACCES)),  // open
            Call(85, .always(error: EACCES)),  // creat
            Call(257, .bits(makesOrEmpties, argument: 2, error: EACCES)),  // openat
        ]
        #elseif arch(arm64)
        static let calls: [Call] = [
            Call(33, .always(error: EPERM)),  // mknodat
            Call(52, .bits(setBits, argument: 1, error: EPERM)),  // fchmod
            Call(53, .bits(setBits, argument: 2, error: EPERM)),  // fchmodat
            Call(56, .bitsOfNewFile(setBits, argument: 3, flags: 2, error: EPERM)),  // openat
            Call(97, .bits(newUsers, argument: 0, error: EPERM)),  // unshare
            Call(220, .bits(newUsers, argument: 0, error: EPERM)),  // clone
        ]
        /// It stands before the others, since the first rule of a call decides.
        static let making: [Call] = [
            Call(56, .bits(makesOrEmpties, argument: 2, error: EACCES))  // openat
        ]
        #endif

        /// The newer ones have the same numbers everywhere. What `clone3` and `openat2` are asked lies in memory, where no filter can look:
        /// the C library goes back to the older ones.
        static let newer: [Call] = [
            Call(425, .always(error: ENOSYS)),  // io_uring_setup
            Call(435, .always(error: ENOSYS)),  // clone3
            Call(437, .always(error: ENOSYS)),  // openat2
            Call(452, .bits(setBits, argument: 2, error: EPERM)),  // fchmodat2
        ]

        #if arch(x86_64)
        static let name: UInt32 = 0xc000_003e
        /// Numbers from here on are the same calls again, with short pointers.
        static let firstShort: UInt32? = 0x4000_0000
        #elseif arch(arm64)
        static let name: UInt32 = 0xc000_00b7
        static let firstShort: UInt32? = nil
        #endif
    }
}

// MARK: Classic BPF

extension CallFilter {
    /// `struct sock_filter`
    private struct Instruction {
        var code: UInt16
        var whenTrue: UInt8 = 0
        var whenFalse: UInt8 = 0
        var value: UInt32

        /// A word of `struct seccomp_data`.
        static func load(_ offset: Int) -> Instruction { Instruction(code: 0x20, value: UInt32(offset)) }
        /// The lower half of an argument: all that flags and modes have.
        static func load(argument: Int) -> Instruction { load(16 + 8 * argument) }
        static func answer(_ value: UInt32) -> Instruction { Instruction(code: 0x06, value: value) }
        static func refuse(_ error: Int32) -> Instruction { answer(0x0005_0000 | UInt32(error)) }
        static let allow = answer(0x7fff_0000)
        static let kill = answer(0x8000_0000)
        /// Leaves one instruction out when it holds.
        static func past(_ value: UInt32) -> Instruction { Instruction(code: 0x15, whenTrue: 1, value: value) }
        /// Each of these goes on with the next instruction when it holds, and leaves `skip` out when not.
        static func equal(_ value: UInt32, else skip: Int) -> Instruction {
            Instruction(code: 0x15, whenFalse: UInt8(skip), value: value)
        }
        static func atLeast(_ value: UInt32, else skip: Int) -> Instruction {
            Instruction(code: 0x35, whenFalse: UInt8(skip), value: value)
        }
        static func any(of bits: UInt32, else skip: Int) -> Instruction {
            Instruction(code: 0x45, whenFalse: UInt8(skip), value: bits)
        }
    }

    /// The filter as the kernel reads it, in this machine's order of bytes.
    public var program: [UInt8] {
        // A program for another kind of machine would have other numbers.
        var all: [Instruction] = [.load(4), .past(Machine.name), .kill, .load(0)]
        if let first = Machine.firstShort { all += [.atLeast(first, else: 1), .refuse(ENOSYS)] }
        for call in calls {
            let part = Self.instructions(call.rule)
            all.append(.equal(call.number, else: part.count))
            all += part
        }
        all.append(.allow)
        return all.flatMap { instruction in
            withUnsafeBytes(of: instruction.code) { Array($0) } + [instruction.whenTrue, instruction.whenFalse]
                + withUnsafeBytes(of: instruction.value) { Array($0) }
        }
    }

    private static func instructions(_ rule: Rule) -> [Instruction] {
        switch rule {
        case .always(let error): [.refuse(error)]
        case .bits(let bits, let argument, let error):
            [.load(argument: argument), .any(of: bits, else: 1), .refuse(error), .allow]
        case .bitsOfNewFile(let bits, let argument, let flags, let error):
            [.load(argument: flags), .any(of: makesFile, else: 3)] + instructions(.bits(bits, argument: argument, error: error))
        }
    }
}
