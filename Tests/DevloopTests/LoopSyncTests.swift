import Runner
import Testing

@testable import devloop

/// What becomes of files that could go into the containers that run.
struct LoopSyncTests {
    private static let web = Workload(kind: .deployment, name: "web", namespace: "default")

    private static func container(_ id: String, image: String = "sha256:web", isEnding: Bool = false)
        -> RunningContainer
    {
        RunningContainer(
            id: id, place: .docker, workload: web, name: "web", image: "localhost:5000/shop/web",
            imageID: "docker://\(image)", isEnding: isEnding)
    }

    private static func running(_ ids: String..., image: String = "sha256:web") -> Fact {
        .running(web, ids.map { container($0, image: image) })
    }

    private static func saved(_ path: String = "a.js", used: String? = nil, isGone: Bool = false) -> Fact {
        let place =
            used.map { CopiedFiles.Place.used(by: $0) } ?? .image([CopiedFiles.Destination(path: "/app/\(path)")])
        return .changes(
            .init(services: ["web": [FileChange(path: path, isGone: isGone, place: place)]]), noticed: LoopFixture.start
        )
    }

    private static func synced(
        _ id: String = "c1", _ result: Result<SyncReceipt, SyncError> = .success(SyncReceipt())
    ) -> Fact {
        .synced(result, container: id, service: "web")
    }

    /// A service that is live in a container, and of which it is known what takes files up there.
    /// - Parameter isFirst: whether nothing was synced and told of it yet.
    private func live(_ takeup: Takeup = Takeup(), isFirst: Bool = false) throws -> LoopRig {
        let loaded = try LoopFixture.project(["web"], sync: true)
        var rig = LoopRig(loaded)
        rig.created = ["web"]
        _ = rig.begin()
        _ = rig.handle(.surveyed(problems: [], loaded.dependencies))
        _ = rig.finish("web")
        _ = rig.handle(.learned(takeup, try #require(rig.loop.questions["web"])), Self.running("c1"))
        if !isFirst {
            _ = rig.loop.told.news(["web: "])
            rig.loop.altered = ["web"]
        }
        return rig
    }

    @Test func aSaveIsSentAndToldWhenItHasArrived() throws {
        var rig = try live(isFirst: true)
        #expect(
            rig.handle(Self.saved()) == [
                "note web", "sync c1 a.js", "wake quiet(\"web\", 1)",
            ])
        rig.time += .milliseconds(20)
        #expect(
            rig.handle(Self.synced()) == [
                "say web: saves are synced into its containers; \"sync\": false in devloop.json builds them instead",
                "say ✓ web synced in 0.02 s (a.js)",
            ])
        // What goes which way is told once.
        #expect(rig.handle(Self.saved("b.js")) == ["sync c1 b.js", "wake quiet(\"web\", 2)"])
    }

    @Test func aSaveWhileOneIsSentFollowsIt() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"))
        #expect(
            rig.handle(Self.saved("b.js"), Self.saved("a.js")) == ["wake quiet(\"web\", 2)", "wake quiet(\"web\", 3)"])
        #expect(rig.handle(Self.synced()) == ["say ✓ web synced in 0.00 s (a.js)", "sync c1 a.js b.js"])
        #expect(
            rig.handle(Self.synced()) == [
                "say ✓ web synced in 0.00 s (b.js)", "say ✓ web synced in 0.00 s (a.js)",
            ])
    }

    @Test func itHasArrivedWhenAllContainersHaveIt() throws {
        var rig = try live()
        _ = rig.handle(Self.running("c1", "c2"))
        #expect(rig.handle(Self.saved()).contains("sync c2 a.js"))
        #expect(rig.handle(Self.synced("c2")) == [])
        #expect(rig.handle(Self.synced("c1")) == ["say ✓ web synced in 0.00 s (a.js)"])
    }

    @Test func whatIsUsedElsewhereIsBuiltAndTheLineSaysWhy() throws {
        var rig = try live()
        #expect(
            rig.handle(Self.saved("package.json", used: "RUN npm install")) == [
                "say web: package.json changed, building: package.json is used by RUN npm install", "build web",
            ])
    }

    @Test func whereNothingTakesFilesUpTheyAreBuiltAndThatIsToldOnce() throws {
        var rig = try live(Takeup(deafCommand: "node index.js"))
        let said = rig.handle(Self.saved())
        #expect(said.contains("build web"))
        #expect(said.first?.hasPrefix("say web: saves are built, since nothing in node index.js is known") == true)
        _ = rig.finish("web")
        #expect(rig.handle(Self.saved()) == ["say web: a.js changed, building", "build web"])
    }

    @Test func whatIsToBeDoneIsDoneWhereTheFilesGo() throws {
        var rig = try live(Takeup(deafCommand: "node index.js", after: [AfterSync(restarts: true)]), isFirst: true)
        #expect(rig.handle(Self.saved()).contains("sync c1 a.js, started again"))
        #expect(
            rig.handle(Self.synced()) == [
                "say web: saves are synced into its containers; after that: started again; \"sync\": false in "
                    + "devloop.json builds them instead",
                "say ✓ web synced in 0.00 s (a.js), started again",
            ])
        // One that is new gets all of it, and then the same is done.
        #expect(rig.handle(Self.running("c2")) == ["sync c2 a.js, started again"])
    }

    @Test func aProgramThatFailsThereIsToldAndTheFilesStay() throws {
        var rig = try live(Takeup(after: [AfterSync(run: ["nginx", "-s", "reload"])]))
        _ = rig.handle(Self.saved())
        var receipt = SyncReceipt()
        receipt.failedRun = FailedRun(words: ["nginx", "-s", "reload"], exitCode: 1, output: ["bad line"])
        receipt.undone = [.run(["nginx", "-s", "reload"])]
        let said = rig.handle(Self.synced("c1", .success(receipt)))
        #expect(said.contains("say ✓ web synced in 0.00 s (a.js)"))
        #expect(said.last?.contains("web: nginx -s reload failed in its container (exit code 1)") == true)
        #expect(rig.running == [])
    }

    /// Later saves wait for it.
    @Test func aProgramThatTakesLongIsToldWhileItRuns() throws {
        var rig = try live(Takeup(after: [AfterSync(run: ["make", "all"])]))
        _ = rig.handle(Self.running("c1", "c2"))
        #expect(rig.handle(Self.saved("a.js")).contains("wake slow(\"web\", 1)"))
        _ = rig.handle(Self.saved("b.js"), Self.synced("c1"))
        let said = "say web: make all still runs in its container; later saves are synced after it"
        #expect(rig.handle(.woke(.slow("web", 1))) == [said])
        _ = rig.handle(Self.synced("c2"))
        #expect(rig.handle(.woke(.slow("web", 1))) == [])
        #expect(rig.handle(.woke(.slow("web", 2))) == [said])
    }

    @Test func oneThatTookTooLongIsToldWithTheLimit() throws {
        var rig = try live(Takeup(after: [AfterSync(run: ["make"])]))
        _ = rig.handle(Self.saved())
        var receipt = SyncReceipt()
        receipt.failedRun = FailedRun(words: ["make"], exitCode: 137, isEnded: true)
        let said = rig.handle(Self.synced("c1", .success(receipt)))
        #expect(said.last?.contains("web: make was ended in its container, since it took more than 300 s") == true)
    }

    /// By the first of its files, whichever others follow.
    @Test func whatAContainerCannotDoIsToldOnce() throws {
        var rig = try live()
        func refuse(_ path: String, in container: String) -> [String] {
            _ = rig.handle(Self.saved(path))
            let words = "the container's file system is read-only at /app/\(path)"
            return rig.handle(Self.synced(container, .failure(.impossible(SyncReason(.readOnly, words)))))
        }
        #expect(refuse("a.js", in: "c1").first?.contains("read-only at /app/a.js") == true)
        rig.images["web"] = "sha256:later"
        _ = rig.finish("web")
        _ = rig.handle(
            .learned(Takeup(), try #require(rig.loop.questions["web"])), Self.running("c2", image: "sha256:later"))
        #expect(refuse("b.js", in: "c2") == ["say web: b.js changed, building", "build web"])
    }

    @Test func whatAFailureHasLeftUndoneIsDoneWithTheNextSave() throws {
        let after = [AfterSync(run: ["make"], files: ["a.js"]), AfterSync(restarts: true, files: ["a.js"])]
        var rig = try live(Takeup(after: after + [AfterSync(signal: "HUP", files: ["b.js"])]))
        _ = rig.handle(Self.saved("a.js"))
        var receipt = SyncReceipt()
        receipt.failedRun = FailedRun(words: ["make"], exitCode: 1)
        receipt.undone = [.run(["make"]), .restart]
        _ = rig.handle(Self.synced("c1", .success(receipt)))
        #expect(rig.handle(Self.saved("b.js")).contains("sync c1 b.js, make is run, started again, sent SIGHUP"))
        _ = rig.handle(Self.synced())
        #expect(rig.handle(Self.saved("b.js")).contains("sync c1 b.js, sent SIGHUP"))
    }

    @Test func theImageIsMadeAnewWhenSavingPausesWithoutARollout() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"), Self.synced(), Self.saved("b.js"), Self.synced())
        #expect(rig.handle(.woke(.quiet("web", 1))) == [])
        #expect(rig.handle(.woke(.quiet("web", 2))) == ["build web"])
        rig.images["web"] = "sha256:later"
        #expect(rig.finish("web") == ["say (web image is up to date after 0.0 s · build 0.0 · push 0.0)"])
        // It is there now.
        #expect(rig.handle(.woke(.quiet("web", 2))) == [])
        #expect(rig.running == [])
    }

    /// The base image has another file there, which is in no container where the copied one was removed.
    @Test func whatADeletedFileUncoversInTheImageIsRolledOut() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js", isGone: true), Self.synced(), .woke(.quiet("web", 1)))
        (rig.uncovered, rig.images["web"]) = (["/app/a.js"], "sha256:later")
        #expect(rig.answer("build web") == ["search web for /app/a.js"])
        #expect(
            rig.answer("search web for /app/a.js") == [
                "say web: a.js changed, building: a.js is gone, and the image has another /app/a.js", "build web",
            ])
        #expect(rig.finish("web").last?.hasPrefix("say ✓ web live in") == true)
        // Nothing is left of it.
        _ = rig.handle(
            .learned(Takeup(), try #require(rig.loop.questions["web"])), Self.running("c2", image: "sha256:later"))
        _ = rig.handle(Self.saved("b.js"), Self.synced("c2"), .woke(.quiet("web", 2)))
        rig.images["web"] = "sha256:last"
        #expect(rig.answer("build web") == ["deliver web"])
    }

    @Test func whatNoImageHasOnceItIsDeletedNeedsNoRollout() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js", isGone: true), Self.synced(), .woke(.quiet("web", 1)))
        rig.images["web"] = "sha256:later"
        _ = rig.answer("build web")
        #expect(rig.answer("search web for /app/a.js") == ["deliver web"])
        _ = rig.finish("web")
        // It is known by now.
        _ = rig.handle(Self.saved("b.js"), Self.synced(), .woke(.quiet("web", 2)))
        rig.images["web"] = "sha256:last"
        #expect(rig.answer("build web") == ["deliver web"])
    }

    /// Those of before may lack what it has.
    @Test func aBuildThatComesOutTheSameAfterADeletionNeedsNewContainers() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js", isGone: true), Self.synced())
        _ = rig.handle(Self.saved("package.json", used: "RUN x"))
        #expect(rig.answer("build web").contains("deliver web"))
        #expect(rig.finish("web").last?.hasPrefix("say ✓ web live in") == true)
    }

    /// It was sent in part, maybe, and is in the image that the container runs already.
    @Test func whatCouldNotBeSentIsInNewContainersThoughTheImageIsTheSame() throws {
        var rig = try live()
        let error = SyncError.failed(SyncReason(.diskFull, "the container's disk is full"))
        _ = rig.handle(Self.saved("a.js"), Self.synced("c1", .failure(error)))
        #expect(rig.answer("build web").contains("deliver web"))
        // Not for ever.
        _ = rig.finish("web")
        _ = rig.handle(Self.running("c2"), Self.saved("package.json", used: "RUN x"))
        #expect(rig.answer("build web").contains("look web"))
    }

    /// In the container as in the image it has what others put there.
    @Test func aFolderThatStaysIsNotSearchedFor() throws {
        var rig = try live()
        var receipt = SyncReceipt()
        receipt.kept = ["/app/lib"]
        _ = rig.handle(
            Self.saved("lib", isGone: true), Self.synced("c1", .success(receipt)), .woke(.quiet("web", 1)))
        rig.images["web"] = "sha256:later"
        #expect(rig.answer("build web") == ["deliver web"])
    }

    @Test func aSaveEndsTheQuietBuild() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"), Self.synced(), .woke(.quiet("web", 1)))
        #expect(rig.handle(Self.saved("b.js")) == ["stop web", "sync c1 b.js", "wake quiet(\"web\", 2)"])
        #expect(rig.answer("build web", with: CancellationError()) == [])
        #expect(rig.handle(.woke(.quiet("web", 2))) == ["build web"])
    }

    @Test func aSaveThatNeedsABuildTakesTheQuietOnesPlace() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"), Self.synced(), .woke(.quiet("web", 1)))
        #expect(rig.handle(Self.saved("package.json", used: "RUN x")) == ["stop web"])
        #expect(
            rig.answer("build web", with: CancellationError()) == [
                "say web: package.json changed, building: package.json is used by RUN x", "build web",
            ])
        rig.images["web"] = "sha256:later"
        #expect(rig.finish("web").last?.hasPrefix("say ✓ web live in") == true)
    }

    /// Of a container that starts from an older image.
    @Test func aContainerThatIsNewGetsWhatItsImageLacks() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"), Self.synced(), .woke(.quiet("web", 1)))
        rig.images["web"] = "sha256:later"
        _ = rig.finish("web")
        _ = rig.handle(Self.saved("b.js"), Self.synced())
        #expect(rig.handle(Self.running("c2")) == ["sync c2 a.js b.js"])
        #expect(rig.handle(Self.running("c3", image: "sha256:later")) == ["sync c3 b.js"])
        // One of an image of somebody else's is none of ours.
        #expect(rig.handle(Self.running("c4", image: "sha256:other")) == [])
    }

    @Test func whatFailsIsBuiltWithAWordAndNoEditIsLost() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"))
        let error = SyncError.failed(SyncReason(.diskFull, "the container's disk is full"))
        #expect(
            rig.handle(Self.synced("c1", .failure(error))) == [
                "say ! web: not synced, building instead: the container's disk is full",
                "say web: a.js changed, building", "build web",
            ])
    }

    @Test func whereNothingCanBeWrittenSavesAreBuiltUntilThereIsAnotherImage() throws {
        var rig = try live()
        let error = SyncError.impossible(SyncReason(.noShell, "the container has no shell"))
        _ = rig.handle(Self.saved("a.js"), Self.synced("c1", .failure(error)))
        _ = rig.fail("web", CancellationError())
        #expect(rig.handle(Self.saved("b.js")).last == "build web")
        rig.images["web"] = "sha256:later"
        _ = rig.finish("web")
        _ = rig.handle(
            .learned(Takeup(), try #require(rig.loop.questions["web"])), Self.running("c2", image: "sha256:later"))
        #expect(rig.handle(Self.saved("c.js")).contains("sync c2 c.js"))
    }

    /// As after a `kubectl rollout undo`.
    @Test func whereSomebodyHasTakenTheSupervisorAwayTheWorkloadIsAppliedAgain() throws {
        var rig = try live()
        let error = SyncError.impossible(SyncReason(.notRestartable, "its program can't be started again in its place"))
        _ = rig.handle(Self.saved("a.js"), Self.synced("c1", .failure(error)))
        _ = rig.answer("build web")
        _ = rig.answer("look web")
        _ = rig.answer("deliver web")
        #expect(rig.running == ["apply web"])
    }

    @Test func afterTwoImagesNobodyTriesAnyMoreUntilTheDockerfileChanges() throws {
        var rig = try live()
        let error = SyncError.impossible(SyncReason(.noShell, "the container has no shell"))
        func rollOut(_ number: Int) throws {
            rig.images["web"] = "sha256:\(number)"
            _ = rig.finish("web")
            _ = rig.handle(
                .learned(Takeup(), try #require(rig.loop.questions["web"])),
                Self.running("c\(number)", image: "sha256:\(number)"))
        }
        #expect(rig.handle(Self.saved("a.js")).contains("sync c1 a.js"))
        _ = rig.handle(Self.synced("c1", .failure(error)))
        try rollOut(2)
        #expect(rig.handle(Self.saved("a.js")).contains("sync c2 a.js"))
        _ = rig.handle(Self.synced("c2", .failure(error)))
        try rollOut(3)
        #expect(rig.handle(Self.saved("a.js")).last == "build web")
        try rollOut(4)
        let dockerfile = FileChange(path: "Dockerfile", place: .used(by: "the build"), isBuildFile: true)
        _ = rig.handle(.changes(.init(services: ["web": [dockerfile]]), noticed: LoopFixture.start))
        try rollOut(5)
        #expect(rig.handle(Self.saved("a.js")).contains("sync c5 a.js"))
    }

    @Test func aContainerThatIsLostIsTriedAgainAndThenItsFilesAreBuilt() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"))
        let lost = Self.synced("c1", .failure(.lost(SyncReason(.connectionLost, "the connection was lost"))))
        for _ in 0..<2 {
            #expect(rig.handle(lost) == ["wake retry(\"web\")"])
            #expect(rig.handle(.woke(.retry("web"))) == ["sync c1 a.js"])
        }
        #expect(rig.handle(lost).last == "build web")
    }

    @Test func whatNoContainerIsThereForIsBuiltAfterAWhile() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"))
        #expect(rig.handle(Self.running()) == ["wake stuck(\"web\", 1)"])
        #expect(rig.handle(.woke(.stuck("web", 1))) == ["say web: a.js changed, building", "build web"])
    }

    @Test func aServiceWithoutAContainerIsBuilt() throws {
        var rig = try live()
        _ = rig.handle(Self.running())
        #expect(rig.handle(Self.saved("a.js")) == ["say web: a.js changed, building", "build web"])
    }

    /// The wait for containers of the rollout before goes on.
    @Test func aSaveGoesIntoContainersThatComeUp() throws {
        var rig = try live()
        rig.images["web"] = "sha256:later"
        _ = rig.handle(Self.saved("package.json", used: "RUN x"))
        for step in ["build web", "look web", "deliver web"] { _ = rig.answer(step) }
        _ = rig.finishCalls()
        _ = rig.handle(
            .learned(Takeup(), try #require(rig.loop.questions["web"])), Self.running("c2", image: "sha256:later"))
        #expect(rig.running == ["await deployment/web for web"])
        #expect(rig.handle(Self.saved("a.js")).contains("sync c2 a.js"))
        #expect(rig.running.first == "await deployment/web for web")
        #expect(rig.finish("web").last?.hasPrefix("say ✓ web live in") == true)
    }

    /// What was written into a container is not what the image has that is built once more: the same.
    @Test func aContainerThatStaysWithItsImageGetsWhatChangedMeanwhile() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"), Self.synced())
        // It is as it was in the image again, and so is all else.
        let place = CopiedFiles.Place.image([CopiedFiles.Destination(path: "/app/a.js")])
        _ = rig.handle(
            .changes(
                .init(services: [
                    "web": [
                        FileChange(path: "a.js", place: place),
                        FileChange(path: "package.json", place: .used(by: "RUN npm install")),
                    ]
                ]), noticed: LoopFixture.start))
        _ = rig.answer("build web")
        let known = DeliveredImage(
            built: BuiltImage(reference: try #require(ImageReference("shop/web")), id: "sha256:web"),
            reference: "localhost:5000/shop/web", digest: "sha256:d")
        let said = rig.handle(.looked(.success(known), service: "web"))
        #expect(said.contains("sync c1 a.js"))
        #expect(said.contains { $0.hasPrefix("say ✓ web unchanged, checked in") })
    }

    /// Its image may be that of now, and what was written into them since not.
    @Test func containersThatAnEarlierRunHasWrittenIntoAreReplaced() throws {
        let loaded = try LoopFixture.project(["web"], sync: true)
        var rig = LoopRig(loaded)
        rig.loop.altered = ["web"]
        _ = rig.begin()
        _ = rig.handle(.surveyed(problems: [], loaded.dependencies))
        #expect(rig.answer("build web").contains("deliver web"))
        _ = rig.answer("deliver web")
        let said = rig.finishCalls()
        #expect(said.contains("note web as it was"))
        #expect(said.contains("await deployment/web for web"))
    }

    /// Three replicas refuse the same save.
    @Test func whatSeveralContainersRefuseIsBuiltOnce() throws {
        var rig = try live()
        _ = rig.handle(Self.running("c1", "c2", "c3"), Self.saved("a.js"))
        let error = SyncError.impossible(SyncReason(.noShell, "the container has no shell"))
        #expect(rig.handle(Self.synced("c1", .failure(error))).last == "build web")
        #expect(rig.handle(Self.synced("c2", .failure(error)), Self.synced("c3", .failure(error))) == [])
    }

    /// Nothing would end that before the build does.
    @Test func whatSeveralContainersHaveNoRoomForIsSentToNoneOfThemAgain() throws {
        var rig = try live()
        _ = rig.handle(Self.running("c1", "c2"), Self.saved("a.js"))
        let error = SyncError.failed(SyncReason(.diskFull, "the container's disk is full"))
        #expect(rig.handle(Self.synced("c1", .failure(error))).last == "build web")
        #expect(rig.handle(Self.synced("c2", .failure(error))) == [])
    }

    @Test func anImageThatIsNotDeliveredIsBehind() throws {
        var rig = try live()
        _ = rig.handle(Self.saved("a.js"), Self.synced(), .woke(.quiet("web", 1)))
        rig.images["web"] = "sha256:later"
        _ = rig.answer("build web")
        #expect(rig.loop.syncs.isBehind("web"))
        _ = rig.finish("web")
        #expect(!rig.loop.syncs.isBehind("web"))
    }

    @Test func whatEndsIsNotWaitedFor() throws {
        var rig = try live()
        _ = rig.handle(.running(Self.web, [Self.container("c1"), Self.container("c0", isEnding: true)]))
        #expect(rig.handle(Self.saved("a.js")).filter { $0.hasPrefix("sync") } == ["sync c1 a.js"])
        #expect(rig.handle(Self.synced("c1")) == ["say ✓ web synced in 0.00 s (a.js)"])
    }
}
