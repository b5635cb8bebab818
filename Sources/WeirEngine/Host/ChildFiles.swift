package import Glibc

/// The open files that a program inherits which Weir runs.
package enum ChildFiles {
    /// From this number on the child gets nothing of ours: neither files nor the ports that Weir listens at, which NIO makes so that every
    /// program that is run inherits them. Gives 0, or the error's number.
    package static func close(from first: CInt, _ actions: inout posix_spawn_file_actions_t) -> CInt {
        Kernel.addCloseFrom(&actions, first)
    }
}
