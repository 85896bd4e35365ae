import Runner
import Testing

@testable import devloop

@Suite struct UnappliedObjectsTests {
    private func object(_ value: String) -> KubernetesObject {
        var json = Fixture.object("ConfigMap", "a").json
        json["data"] = ["key": .string(value)]
        return KubernetesObject(json) ?? Fixture.object("ConfigMap", "a")
    }

    private func failure(_ reason: String) -> ApplyFailure { ApplyFailure(object("").identity, reasons: [reason]) }

    private func told(_ objects: inout UnappliedObjects, _ value: String, _ reason: String) -> [String] {
        _ = objects.note([object(value)], failures: [failure(reason)])
        return objects.takeUntold().flatMap(\.reasons)
    }

    @Test func aFailureIsToldOnceForEachManifestThatHasIt() {
        var objects = UnappliedObjects()
        #expect(told(&objects, "1", "x") == ["x"])
        #expect(told(&objects, "1", "x") == [])
        #expect(told(&objects, "2", "x") == ["x"])
        #expect(told(&objects, "2", "y") == ["y"])
        #expect(told(&objects, "1", "x") == ["x"])
        #expect(objects.note([object("1")], failures: []) == [object("").identity])
        #expect(told(&objects, "1", "x") == ["x"])
    }

    @Test func whatTheManifestsDoNotHoldAnyMoreFailsNoMore() {
        var objects = UnappliedObjects()
        _ = told(&objects, "1", "x")
        objects.keep(only: [])
        #expect(objects.identities.isEmpty)
        #expect(told(&objects, "1", "x") == ["x"])
    }

    @Test func theFileOfAFailureIsNamedInWhatIsTold() {
        var objects = UnappliedObjects()
        _ = objects.note([object("1")], failures: [failure("x")])
        #expect(objects.untold.map(\.object) == [object("").identity])
        objects.locate(object("").identity, in: "k8s/a.yaml")
        #expect(objects.takeUntold().map(\.error.summary) == ["ConfigMap a (k8s/a.yaml): x"])
        #expect(objects.untold.isEmpty)
    }
}
