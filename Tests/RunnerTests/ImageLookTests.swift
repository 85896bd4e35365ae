import Testing

@testable import Runner

/// Looks into images, in containers that are never started.
@Suite(.timeLimit(.minutes(1))) struct ImageLookTests {
    private static let paths: Set = ["/app/a", "/app/lib", "/app/lib/b", "/app/lib/c/d", "/x y"]

    @Test func eachPathIsAskedForAndTheContainerIsRemoved() async throws {
        let engine = RecordingLauncher()
        engine.expect("POST /containers/create", .engine(201, #"{"Id": "c1"}"#))
        engine.expect("HEAD /containers/c1/archive?path=/app/a")
        engine.expect("HEAD /containers/c1/archive?path=/app/lib", .engine(404))
        engine.expect("HEAD /containers/c1/archive?path=/x%20y", .engine(404))
        engine.expect("DELETE /containers/c1?", .engine(204))
        #expect(try await engine.look(into: "sha256:1", for: Self.paths) == ["/app/a"])
        engine.verify()
    }

    /// It may have all of them.
    @Test func anImageThatIsGoneIsNotKnownToLackAnything() async throws {
        let engine = RecordingLauncher()
        engine.expect("POST /containers/create", .engine(404, #"{"message": "No such image: sha256:1"}"#))
        #expect(try await engine.look(into: "sha256:1", for: Self.paths) == Self.paths)
        engine.verify()
    }

    @Test func theContainerIsRemovedAlsoWhereTheEngineGoesAway() async throws {
        let engine = RecordingLauncher()
        engine.expect("POST /containers/create", .engine(201, #"{"Id": "c1"}"#))
        engine.expect("HEAD /containers/c1/archive", .isAway(.cut))
        engine.expect("DELETE /containers/c1?", .engine(204))
        await #expect(throws: TargetError.self) { try await engine.look(into: "sha256:1", for: ["/a"]) }
        engine.verify()
    }

    @Test func whatIsKnownOfAnIdIsKeptAndOfANameNot() {
        let knowledge = ImageKnowledge()
        knowledge.shells["sha256:1"] = true
        knowledge.shells["shop/web"] = true
        #expect(knowledge.shells["sha256:1"] == true)
        #expect(knowledge.shells["shop/web"] == nil)
    }
}
