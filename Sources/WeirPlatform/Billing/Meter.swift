import Logging
public import ServiceLifecycle
import WeirModel
import WeirStore

/// Takes a sample of what is kept every hour, and charges the days that are over (BIL-15).
public struct Meter: Service {
    /// The clock is looked at so often: it may be set, and the host may have slept.
    static let glance = Duration.seconds(60)

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let accounting: StorageAccounting
    let charges: StorageCharges
    let deletions: ArrearsDeletions
    let personal: PersonalStorage
    let notices: Notices
    let logger: Logger

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var sampled: Timestamp?
            while !Task.isCancelled {
                let hour = BillingCalendar.hourStart(clock.now())
                if hour != sampled {
                    do {
                        try await tick()
                        sampled = hour
                    } catch {
                        if Task.isCancelled { return }
                        logger.error("storage could not be sampled and is tried again", metadata: ["error": "\(error)"])
                    }
                }
                let next = BillingCalendar.nextHour(after: clock.now()) - clock.now()
                do { try await clock.sleep(for: min(next, Self.glance)) } catch { return }
            }
        }
    }

    /// One hour's work; done twice in an hour, it changes nothing.
    public func tick() async throws {
        let now = clock.now()
        try await accounting.measureChanged()
        let today = try calendar.dayBounds(around: now).lowerBound
        let before = try calendar.day(of: today - .milliseconds(1))
        try await personal.applyChoices(before: today)
        let taken = try await store.write { try $0.addStorageSamples(at: now, chargedBefore: before, today: today) }
        try await charges.chargeDaysOver()
        // What a day's storage took is told at once, not with the next settlement.
        try await notices.lookAtChanged()
        try await deletions.tick()
        try await removeOld()
        if taken > 0 { logger.debug("sampled storage", metadata: ["meters": "\(taken)"]) }
    }

    private func removeOld() async throws {
        let now = clock.now()
        guard let last = try await store.read({ try $0.storageChargedDay() }) else { return }
        let uncharged = try calendar.bounds(of: last).upperBound
        _ = try await store.write { try $0.removeStorageSamples(before: now - StorageAudit.kept, uncharged: uncharged) }
    }
}
