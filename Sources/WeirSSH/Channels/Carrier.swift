import CLibSSH
import Glibc

/// One open channel of a connection. Belongs to the connection's thread.
protocol Carrier: AnyObject {
    var channel: ssh_channel { get }
    /// Nothing more happens; it is closed and can be forgotten.
    var isOver: Bool { get }
    func addPolls(to polls: inout [pollfd])
    /// After something happened: carries what can be carried, ends what is over. Gives whether more may be waiting.
    func turn(_ buffer: UnsafeMutableRawBufferPointer) -> Bool
    /// Whether somebody has used it since this was asked before: what a client asks to keep its connection alive is no use.
    func takeUse() -> Bool
    /// Ends it with a line for the person.
    func end(with line: (Bool) -> String)
    /// The connection is gone.
    func abandon()
}
