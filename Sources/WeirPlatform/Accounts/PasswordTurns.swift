import NIOCore
import Synchronization
import WeirModel

/// Who has a password looked at, or made into a hash.
struct PasswordAsker: Sendable {
    let place: String
    /// The account has logged in from there before, or is logged in.
    let isKnown: Bool
    /// Whether anybody still waits for the answer.
    let isThere: @Sendable () -> Bool

    init(from source: SSHSource, isKnown: Bool = false, isThere: @escaping @Sendable () -> Bool = { true }) {
        (place, self.isKnown, self.isThere) = (source.text, isKnown, isThere)
    }

    init(_ account: Identifier<Account>) { (place, isKnown, isThere) = (account.text, true, { true }) }
}

/// In which order passwords are looked at: few at once, and the others in fair turns over the places from which they come.
///
/// A hash costs much on purpose, so that one stranger who sends many would keep everybody else waiting. Places where the account has logged
/// in before go first; each place has one turn after the other's; and for who has gone nothing is computed.
final class PasswordTurns: Sendable {
    /// The threads are shared with all else that Weir does.
    static let mostAtOnce = max(1, min(2, System.coreCount / 2))
    static let mostWaiting = 512
    static let mostOfOnePlace = 64

    private struct Waiter: Sendable {
        let number: Int
        let turn: CheckedContinuation<Bool, Never>
    }

    private struct Lane {
        /// Those that wait, the next one first; each has a line.
        var places: [String] = []
        var lines: [String: [Waiter]] = [:]
        var count = 0

        /// Nil when it waits; else who does not: the newest of the longest line, or the waiter itself.
        mutating func add(_ waiter: Waiter, of place: String) -> Waiter? {
            let own = lines[place]?.count ?? 0
            guard own < PasswordTurns.mostOfOnePlace else { return waiter }
            var left: Waiter?
            if count >= PasswordTurns.mostWaiting {
                guard let longest = lines.max(by: { $0.value.count < $1.value.count }), longest.value.count > own + 1,
                    let last = longest.value.last
                else { return waiter }
                left = remove(last.number)
            }
            if own == 0 { places.append(place) }
            lines[place, default: []].append(waiter)
            count += 1
            return left
        }

        mutating func next() -> Waiter? {
            guard let place = places.first, let waiter = lines[place]?.first else { return nil }
            places.removeFirst()
            lines[place]?.removeFirst()
            count -= 1
            if lines[place]?.isEmpty == true { lines[place] = nil } else { places.append(place) }
            return waiter
        }

        mutating func remove(_ number: Int) -> Waiter? {
            for (place, line) in lines {
                guard let index = line.firstIndex(where: { $0.number == number }) else { continue }
                count -= 1
                lines[place]?.remove(at: index)
                if line.count == 1 {
                    lines[place] = nil
                    places.removeAll { $0 == place }
                }
                return line[index]
            }
            return nil
        }
    }

    private struct State {
        var running = 0
        var newest = 0
        var known = Lane()
        var strangers = Lane()

        mutating func next() -> Waiter? { known.next() ?? strangers.next() }
        mutating func remove(_ number: Int) -> Waiter? { known.remove(number) ?? strangers.remove(number) }

        mutating func add(_ waiter: Waiter, of asker: PasswordAsker) -> Waiter? {
            asker.isKnown ? known.add(waiter, of: asker.place) : strangers.add(waiter, of: asker.place)
        }
    }

    private let atOnce: Int
    private let state = Mutex(State())

    init(atOnce: Int = PasswordTurns.mostAtOnce) { self.atOnce = atOnce }

    var waiting: Int { state.withLock { $0.known.count + $0.strangers.count } }

    /// Works when it is the asker's turn. Throws `too_many_logins` when too many wait already.
    func take<Value: Sendable>(_ asker: PasswordAsker, _ work: @Sendable () async throws -> Value) async throws -> Value {
        guard await isLetIn(asker) else {
            try Task.checkCancellation()
            throw WeirError.tooManyLogins()
        }
        defer { leave() }
        // Nobody reads this.
        guard asker.isThere() else { throw WeirError.tooManyLogins() }
        return try await work()
    }

    private func isLetIn(_ asker: PasswordAsker) async -> Bool {
        let number = state.withLock { state in
            state.newest += 1
            return state.newest
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (turn: CheckedContinuation<Bool, Never>) in
                let refused: Waiter? = state.withLock { state in
                    let waiter = Waiter(number: number, turn: turn)
                    guard !Task.isCancelled else { return waiter }
                    guard state.running >= atOnce else {
                        state.running += 1
                        turn.resume(returning: true)
                        return nil
                    }
                    return state.add(waiter, of: asker)
                }
                refused?.turn.resume(returning: false)
            }
        } onCancel: {
            let left: Waiter? = state.withLock { $0.remove(number) }
            left?.turn.resume(returning: false)
        }
    }

    private func leave() {
        let next: Waiter? = state.withLock { state in
            if let next = state.next() { return next }
            state.running -= 1
            return nil
        }
        next?.turn.resume(returning: true)
    }
}
