import Testing

@testable import Watcher

/// When to look and when to report, without a clock.
@Suite struct ScheduleTests {
    private let start = ContinuousClock.now

    private func after(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func noticed(_ schedule: inout PollSchedule, _ milliseconds: Int) {
        schedule.noticed(at: after(milliseconds), seen: after(milliseconds))
    }

    @Test func nothingIsDueWhenNothingChanged() {
        #expect(PollSchedule().verification == nil)
    }

    @Test func aBatchIsVerifiedWhenItHasSettled() {
        var schedule = PollSchedule(settleMilliseconds: 50)
        noticed(&schedule, 0)
        #expect(schedule.verification == after(50))
        noticed(&schedule, 30)
        #expect(schedule.verification == after(80))
        #expect(schedule.batchStart == after(0))
        #expect(schedule.verified(foundChanges: false, from: after(80), to: after(81)) == .report)
        #expect(schedule.verification == nil)
    }

    @Test func whatIsWholeIsVerifiedAtOnceUnlessItFollowsSomethingElseClosely() {
        var schedule = PollSchedule(settleMilliseconds: 50)
        schedule.noticed(at: after(0), seen: after(1), isWhole: true)
        #expect(schedule.verification == after(1))
        #expect(
            schedule.verified(foundChanges: false, from: after(1), to: after(2)) == .reportDoubting(since: after(-19)))
        schedule.noticed(at: after(30), seen: after(31), isWhole: true)
        #expect(schedule.verification == after(81))
        #expect(schedule.verified(foundChanges: false, from: after(81), to: after(82)) == .report)
        schedule.noticed(at: after(140), seen: after(141), isWhole: true)
        #expect(schedule.verification == after(141))
    }

    @Test func whatBecomesWholeIsVerifiedAtOnce() {
        var schedule = PollSchedule(settleMilliseconds: 50)
        schedule.becameWhole(at: after(0))
        #expect(schedule.verification == nil)
        schedule.noticed(at: after(0), seen: after(0))
        schedule.becameWhole(at: after(3))
        #expect(schedule.verification == after(0))
        #expect(
            schedule.verified(foundChanges: false, from: after(3), to: after(4)) == .reportDoubting(since: after(-17)))
        schedule.noticed(at: after(30), seen: after(30))
        schedule.becameWhole(at: after(33))
        #expect(schedule.verification == after(80))
    }

    @Test func whatIsNotWholeAnyMoreHasToSettle() {
        var schedule = PollSchedule(settleMilliseconds: 50)
        schedule.noticed(at: after(0), seen: after(0), isWhole: true)
        schedule.noticed(at: after(5), seen: after(5))
        #expect(schedule.verification == after(55))
    }

    @Test func aBatchThatChangesWhileItIsVerifiedSettlesAnew() {
        var schedule = PollSchedule(settleMilliseconds: 50)
        noticed(&schedule, 0)
        #expect(schedule.verified(foundChanges: true, from: after(50), to: after(60)) == .wait)
        #expect(schedule.verification == after(110))
        #expect(schedule.batchStart == after(0))
    }

    @Test func aStampIsSeenTwiceAtSomeDistanceHoweverShortTheSettling() {
        var schedule = PollSchedule(settleMilliseconds: 0)
        schedule.noticed(at: after(0), seen: after(5))
        #expect(schedule.verification == after(25))
    }

    @Test func changesWithoutEndAreReportedAtTheCeilingAndDoubted() {
        var schedule = PollSchedule(settleMilliseconds: 50, ceilingMilliseconds: 2000)
        for time in stride(from: 0, through: 1990, by: 10) { noticed(&schedule, time) }
        #expect(schedule.verification == after(2000))
        #expect(
            schedule.verified(foundChanges: true, from: after(2000), to: after(2001))
                == .reportDoubting(since: after(1980)))
        #expect(schedule.verification == nil)
    }

    @Test func atTheCeilingWhatWasSeenJustNowIsDoubtedEvenIfItRests() {
        var schedule = PollSchedule(settleMilliseconds: 50, ceilingMilliseconds: 100)
        noticed(&schedule, 0)
        noticed(&schedule, 95)
        #expect(
            schedule.verified(foundChanges: false, from: after(100), to: after(101))
                == .reportDoubting(since: after(80)))
    }

    @Test(arguments: [(0, 1), (-5, 20), (250, 50)]) func nonsenseIsRaisedToWhatMakesSense(poll: Int, settle: Int) {
        let schedule = PollSchedule(pollMilliseconds: poll, settleMilliseconds: settle, ceilingMilliseconds: 0)
        #expect(schedule.pollMilliseconds >= 10)
        #expect(schedule.ceilingMilliseconds >= schedule.settleMilliseconds)
    }

    @Test func aSmallTreeIsPolledAtTheIntervalThatWasAskedFor() {
        var pace = SweepPace(
            isAudit: false, pollInterval: .milliseconds(250), auditInterval: .seconds(10), now: start)
        #expect(pace.next == after(250))
        pace.sliceEnded(at: after(251), cost: .milliseconds(1), isRoundComplete: true)
        #expect(pace.next == after(500))
    }

    /// 200 ms of processor time in slices of 5 ms: beside hot folders 1.8 % of a core are left, and a round takes 11 s.
    @Test func aLargeTreeIsPolledAtItsShareOfACore() {
        var pace = SweepPace(
            isAudit: false, pollInterval: .milliseconds(250), auditInterval: .seconds(10), now: start)
        for slice in 1...40 {
            pace.sliceEnded(
                at: pace.next, cost: .milliseconds(5), isRoundComplete: slice == 40, leavesRoom: true)
        }
        let slices = Duration.milliseconds(5) / 0.018 * 40
        #expect(pace.next == after(250) + slices)
    }

    @Test func anAuditTakesAtMostHalfAPercent() {
        var pace = SweepPace(isAudit: true, pollInterval: .milliseconds(250), auditInterval: .seconds(10), now: start)
        #expect(pace.next == after(10_000))
        #expect(pace.share() == 0.0012)
        pace.sliceEnded(at: after(10_000), cost: .seconds(2), isRoundComplete: true)
        #expect(pace.share() == 0.004)
    }

    @Test func aTreeWhoseHintsFailIsPolledAtOnce() {
        var pace = SweepPace(isAudit: true, pollInterval: .milliseconds(250), auditInterval: .seconds(10), now: start)
        pace.setAudit(false, now: after(100))
        #expect(pace.next == after(350))
    }

    @Test func hotFoldersAreLookedAtManyTimesASecondAndForgotten() {
        var hot = HotFolders()
        #expect(hot.next == nil)
        hot.insert([7], at: start)
        #expect(hot.next == after(50))
        hot.looked(at: after(50), cost: .milliseconds(2))
        #expect(hot.next == after(250), "1 % of a core")
        hot.insert(Array(100..<200), at: after(250))
        #expect(hot.ids == Array(168..<200))
        hot.looked(at: after(250) + .seconds(700), cost: .zero)
        #expect(hot.next == nil)
    }
}
