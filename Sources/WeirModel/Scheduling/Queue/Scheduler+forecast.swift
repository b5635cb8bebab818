/// The production policy, played forward in virtual time over several guesses of what ends when (DEV-26).
///
/// In each guess every run has a length from the history at a quantile of its own; over all guesses each run has each quantile once.
/// What comes later is not foreseen, nor that anything is given up.
extension Scheduler {
    static let guesses = 11
    /// What gives way is taken to be gone after so many milliseconds.
    private static let notice: Int64 = 30_000
    /// No further than so many milliseconds.
    private static let furthest: Int64 = 90 * 86_400_000
    /// In each guess; fewer the more there is to look at, and coarser steps then, so that the work is about the same.
    private static let decisions = 40...400
    private static let work = 60_000

    /// The starts that can be told of, of the first `most` in the order. What stands behind them is left out of account.
    public func forecasts(at now: Timestamp, lengths: RunLengths, most: Int) -> [Identifier<Workload>: StartForecast] {
        var ground = self
        let order = waitingEntries
        for entry in order.dropFirst(most) { ground.apply(.left(entry.id), at: now) }
        let asked = order.prefix(most).map(\.id)
        guard !asked.isEmpty else { return [:] }
        var starts: [Identifier<Workload>: [Int64]] = [:]
        var bases: [Identifier<Workload>: RunLengths.Basis] = [:]
        for guess in 0..<Self.guesses {
            for (id, start) in ground.playForward(from: now, lengths: lengths, guess: guess) {
                starts[id, default: []].append(start.at)
                bases[id] = Self.weaker(bases[id] ?? .person, start.basis)
            }
        }
        var forecasts: [Identifier<Workload>: StartForecast] = [:]
        for id in asked {
            guard let known = starts[id]?.sorted(), known.count > Self.guesses / 2 else { continue }
            let high = Self.guesses - 2
            forecasts[id] = StartForecast(
                low: Timestamp(milliseconds: known[1]), median: Timestamp(milliseconds: known[Self.guesses / 2]),
                high: high < known.count ? Timestamp(milliseconds: known[high]) : nil, basis: bases[id] ?? .none)
        }
        return forecasts
    }

    private struct Start {
        var at: Int64
        var basis: RunLengths.Basis
    }

    private func playForward(from now: Timestamp, lengths: RunLengths, guess: Int) -> [Identifier<Workload>: Start] {
        var scheduler = self
        var ends: [(at: Int64, id: Identifier<Workload>, basis: RunLengths.Basis)] = []
        for run in running.values {
            guard run.givesWayTo == nil else {
                ends.append((now.milliseconds + Self.notice, run.entry.id, .person))
                continue
            }
            let lasted = max(0, (now.milliseconds - (run.runningAt ?? run.startedAt).milliseconds) / 1000)
            let (seconds, basis) = lengths.remaining(of: run.entry, lasted: lasted, quantile: Self.quantile(of: run.entry.id, guess))
            if let seconds { ends.append((now.milliseconds + max(1, seconds) * 1000, run.entry.id, basis)) }
        }
        // Latest first, so that the next one is at the end.
        ends.sort { ($0.at, $0.id) > ($1.at, $1.id) }
        func add(_ end: Int64, _ id: Identifier<Workload>, _ basis: RunLengths.Basis) {
            ends.insert((end, id, basis), at: ends.firstIndex { ($0.at, $0.id) < (end, id) } ?? ends.count)
        }
        var starts: [Identifier<Workload>: Start] = [:]
        var moment = now.milliseconds
        var weakest = RunLengths.Basis.person
        let most = min(max(Self.decisions.lowerBound, Self.work / max(1, waitingCount + rooms.count)), Self.decisions.upperBound)
        for _ in 0..<most {
            for decision in scheduler.decide(at: Timestamp(milliseconds: moment)) {
                switch decision {
                case .start(let id, _):
                    starts[id] = Start(at: moment, basis: weakest)
                    guard let entry = scheduler.entry(of: id) else { continue }
                    let (seconds, basis) = lengths.remaining(of: entry, lasted: 0, quantile: Self.quantile(of: id, guess))
                    if let seconds { add(moment + max(1, seconds) * 1000, id, basis) }
                case .preempt(let id, _):
                    ends.removeAll { $0.id == id }
                    add(moment + Self.notice, id, .person)
                }
            }
            guard scheduler.waitingCount > 0, let next = ends.last, next.at < now.milliseconds + Self.furthest else { break }
            // The further away, the coarser: what ends within a fiftieth of the way is taken together, or within a fifth of it.
            moment = max(next.at, moment + (moment - now.milliseconds) * 8 / Int64(most))
            while let end = ends.last, end.at <= moment {
                ends.removeLast()
                weakest = Self.weaker(weakest, end.basis)
                scheduler.apply(.ended(end.id, at: Timestamp(milliseconds: end.at)), at: Timestamp(milliseconds: moment))
            }
        }
        return starts
    }

    /// In thousandths. Over the guesses each run has each of them, in an order of its own.
    private static func quantile(of id: Identifier<Workload>, _ guess: Int) -> Int {
        var digest = Digest()
        digest.add(id.text)
        let hash = Int(digest.value >> 33)
        let step = 1 + hash % (guesses - 1)
        return ((guess * step + hash / guesses) % guesses * 1000 + 500) / guesses
    }

    private static func weaker(_ a: RunLengths.Basis, _ b: RunLengths.Basis) -> RunLengths.Basis {
        let order = RunLengths.Basis.allCases
        return (order.firstIndex(of: a) ?? 0) >= (order.firstIndex(of: b) ?? 0) ? a : b
    }
}
