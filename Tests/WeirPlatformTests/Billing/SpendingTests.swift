import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What a month came to, day by day")
struct SpendingTests {
    @Test("each day has what ran on it, by project and by person, and what runs now is in the last (ux 18, review 16)")
    func days() async throws {
        // Half past eleven at night in Shanghai: the run goes over midnight.
        let clock = ManualClock("2026-03-09T15:30:00Z")
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let ada = try await test.tenant(on: platform)
            let bob = try await test.tenant("bob", on: platform)
            _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
            let second = try await platform.projects.create(in: ada.workspace, name: "second", by: ada.caller)
            let job = try await ada.job("train", on: platform)
            let other = try await platform.jobs.create(
                ada.submission("other"), command: "x", timeLimit: nil, in: second.id, by: bob.caller)
            for job in [job, other] { try await platform.wait(for: job, toBe: .running) }
            clock.advance(by: .seconds(3600))
            try await platform.settlement.settleHour()
            clock.advance(by: .seconds(1800))

            // An hour and a half of one point an hour each; the last hour is on no bill yet, for it is not over.
            let whole = try await platform.spendings.curve(of: ada.workspace, in: nil, by: .workspace, for: ada.caller)
            #expect(whole.days.map(\.description).suffix(2) == ["2026-03-09", "2026-03-10"])
            #expect(whole.series.count == 1 && whole.series[0].subject == .workspace && whole.series[0].total == 3)
            #expect(whole.running == 2)
            // The part on the bill ran before midnight.
            #expect(whole.series[0].amounts.suffix(2) == [1, 2])
            let charged = try await test.store.read { try $0.spending(of: ada.workspace, in: BillMonth(year: 2026, month: 3)) }
            #expect(try whole.series[0].total == charged.adding(whole.running))

            let projects = try await platform.spendings.curve(of: ada.workspace, in: nil, by: .project, for: ada.caller)
            #expect(Set(projects.series.map(\.subject)) == [.project(ada.project), .project(second.id)])
            #expect(projects.series.allSatisfy { $0.total == Points(micro: 1_500_000) && $0.amounts.count == whole.days.count })
            let people = try await platform.spendings.curve(of: ada.workspace, in: nil, by: .person, for: ada.caller)
            #expect(Set(people.series.map(\.subject)) == [.account(ada.caller.id), .account(bob.caller.id)])
            // A member sees of people their own alone, and the sums that everybody sees (review 16).
            let own = try await platform.spendings.curve(of: ada.workspace, in: nil, by: .person, for: bob.caller)
            #expect(own.series.map(\.subject) == [.account(bob.caller.id)])
            let seen = try await platform.spendings.curve(of: ada.workspace, in: nil, by: .project, for: bob.caller)
            #expect(Set(seen.series.map(\.subject)) == Set(projects.series.map(\.subject)))

            let before = try await platform.spendings.curve(
                of: ada.workspace, in: BillMonth(year: 2026, month: 2), by: .workspace, for: ada.caller)
            #expect(before.days.count == 28 && before.series.isEmpty && before.running == 0)
            let stranger = try await test.tenant("eve", on: platform)
            await #expect(throws: WeirError.self) {
                try await platform.spendings.curve(of: ada.workspace, in: nil, by: .workspace, for: stranger.caller)
            }
        }
    }
}
