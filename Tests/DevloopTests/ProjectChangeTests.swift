import Foundation
import Runner
import Testing

@testable import devloop

struct ProjectChangeTests {
    private func project(_ text: String = Fixture.shop, without names: Set<String> = []) throws -> Project {
        let objects = [
            Fixture.object("Deployment", "w", images: ["shop/web"]),
            Fixture.object("Deployment", "w2", images: ["shop/web"]),
            Fixture.object("Deployment", "a", images: ["shop/api:dev"]),
        ]
        return try Project(
            configuration: try Fixture.configuration(text),
            objects: objects.filter { !names.contains($0.identity.name) })
    }

    private func change(
        _ before: Project, _ after: Project, _ files: [String], unwatched: Set<String> = []
    ) -> ProjectChange { ProjectChange(from: before, to: after, files: files, unwatched: unwatched) }

    @Test func aServiceThatIsBuiltOtherwiseNeedsAPassForDevloopJSON() throws {
        let after = try project(
            Fixture.shop.replacingOccurrences(of: #""context": "api""#, with: #""context": "api2""#))
        let change = change(try project(), after, ["k8s/a.yaml", "devloop.json"])
        #expect(change.changed == ["api": ["devloop.json"]])
        #expect(!change.appliesManifests)
    }

    @Test func aNewWorkloadNeedsAPassForTheManifestThatHasIt() throws {
        let change = change(try project(without: ["w2"]), try project(), ["k8s/w2.yaml"])
        #expect(change.changed == ["web": ["k8s/w2.yaml"]])
        #expect(change.appliesManifests)
    }

    @Test func aManifestThatIsGoneNeedsNoPassOfWhatElseRuns() throws {
        let change = change(try project(), try project(without: ["w2"]), ["k8s/w2.yaml"])
        #expect(change.changed == [:])
        #expect(change.appliesManifests)
    }

    @Test func whatRunsAServiceIsNotTakenForGoneBecauseAFileLacksIt() throws {
        let before = try project()
        #expect(try project(without: ["w2"]).loss(since: before) == nil)
        let lost = try #require(try project(without: ["w", "w2", "a"]).loss(since: before))
        #expect(
            lost.problems.map { "\($0.keyPath): \($0.message)" } == [
                "services[0].image: no manifest runs the image shop/web any more",
                "services[1].image: no manifest runs the image shop/api:dev any more",
            ])
        // Who says so in devloop.json means it, and so does who names other manifests.
        let other = Fixture.shop.replacingOccurrences(of: #""context": "api""#, with: #""context": "api2""#)
        #expect(try project(other, without: ["a"]).loss(since: before) == nil)
        let moved = Fixture.shop.replacingOccurrences(of: #""k8s""#, with: #""deploy""#)
        #expect(try project(moved, without: ["a"]).loss(since: before) == nil)
        // It ran in nothing before.
        #expect(try project(without: ["a"]).loss(since: try project(without: ["a"])) == nil)
    }

    @Test func aServiceThatWasNotWatchedForAWhileNeedsAPass() throws {
        #expect(
            change(try project(), try project(), ["devloop.json"], unwatched: ["web"]).changed
                == ["web": ["devloop.json"]])
    }

    @Test func servicesThatAreGoneAndSettingsThatNeedARestartAreNamed() throws {
        let after = try project(
            #"{ "manifests": ["k8s"], "target": "docker", "services": [{ "image": "shop/web", "context": "web" }] }"#)
        let change = change(try project(), after, ["devloop.json"])
        #expect(change.removed == ["api"])
        #expect(change.settingsThatNeedARestart == ["target", "registry"])
    }

    @Test func aBaseThatSomethingRunsFromNowOnNeedsAPassOfItsOwn() throws {
        func project(_ jobs: [KubernetesObject]) throws -> Project {
            let api = Fixture.object("Deployment", "a", images: ["shop/api:dev"])
            return try Project(
                configuration: try Fixture.configuration(Fixture.shop), objects: [api] + jobs, bases: ["web"])
        }
        let job = Fixture.object("Job", "migrate", images: ["shop/web"])
        let change = ProjectChange(from: try project([]), to: try project([job]), files: ["k8s/job.yaml"])
        #expect(change.changed == ["web": ["k8s/job.yaml"]])
        #expect(ProjectChange(from: try project([job]), to: try project([]), files: ["k8s/job.yaml"]).changed == [:])
    }
}
