import Testing

@testable import devloop

struct OutagesTests {
    private let edit = WorkPlan.Cause(files: ["a"], noticed: .now)

    @Test func anOutageIsToldOnceAndTriedAgainOneRetryAtATime() {
        var outages = Outages()
        #expect(outages.failed(.apply, "away") == .init(isNews: true, needsRetry: true))
        #expect(outages.failed(.apply, "away") == .init(isNews: false, needsRetry: false))
        #expect(outages.retry(.apply).isDue)
        #expect(outages.failed(.apply, "away") == .init(isNews: false, needsRetry: true))
        #expect(outages.failed(.apply, "other words") == .init(isNews: true, needsRetry: false))
    }

    @Test func oneOutageOfSeveralStepsIsToldOnceAndEachIsTriedAgain() {
        var outages = Outages()
        _ = outages.failed(.pass(of: "a"), "away", cause: edit)
        #expect(outages.failed(.pass(of: "b"), "away", cause: edit) == .init(isNews: false, needsRetry: true))
        #expect(outages.failed(.apply, "forbidden") == .init(isNews: true, needsRetry: true))
        outages.ended(.pass(of: "a"))
        #expect(outages.retry(.pass(of: "b")).isDue)
    }

    @Test func whatWorkedMeanwhileIsNotTriedAgainAndItsNextFailureIsNews() {
        var outages = Outages()
        _ = outages.failed(.load, "away")
        outages.ended(.load)
        #expect(!outages.retry(.load).isDue)
        #expect(outages.failed(.load, "away") == .init(isNews: true, needsRetry: true))
    }

    @Test func aRetryCoversEveryEditOfTheOutageAndIsNoNews() {
        var outages = Outages()
        _ = outages.failed(.pass(of: "a"), "away", cause: edit)
        _ = outages.failed(.pass(of: "a"), "away", cause: .init(files: ["b"], noticed: .now))
        let cause = outages.retry(.pass(of: "a")).cause
        #expect(cause?.files == ["b", "a"])
        #expect(cause?.noticed == edit.noticed)
        #expect(cause?.isTold == true)
    }
}
