import Runner
import Testing

@testable import devloop

struct ImageDependenciesTests {
    private func dependencies(_ images: [String], _ dockerfiles: [String: [String]]) throws -> ImageDependencies {
        let services = images.map {
            #"{ "name": "\#($0)", "image": "shop/\#($0)", "context": "c" }"#
        }
        return ImageDependencies(
            try Fixture.configuration(
                #"{ "registry": "localhost:5000", "services": [\#(services.joined(separator: ", "))] }"#),
            images: dockerfiles)
    }

    private func images(_ dockerfile: String, stage: String? = nil, skips: Bool = true) -> [String] {
        BuildInputs.images(
            dockerfile: Array(dockerfile.utf8), stage: stage, arguments: [.init(name: "GIVEN", value: "shop/given")],
            environment: [:], skipsUnneededStages: skips)
    }

    @Test func imagesAreFoundInFromCopyAndMounts() {
        #expect(
            images(
                """
                # syntax=somebody/elses:1
                ARG NAME=shop/base
                ARG GIVEN=other
                FROM --platform=linux/amd64 ${NAME}:1 AS build
                RUN --mount=type=bind,from=shop/mounted,target=/m --mount=type=cache,target=/c true
                FROM $GIVEN
                COPY --from=build /a /a
                COPY --from=shop/tools:Dev --chown=1 /b /b
                COPY --from=0 /c /c
                UNHEARD of
                """) == ["shop/base:1", "shop/mounted", "shop/given", "shop/tools:Dev"])
        #expect(images("FROM scratch") == [])
        #expect(images("FROM $UNKNOWN") == [])
        #expect(images("nonsense") == [])
    }

    @Test func onlyStagesThatAreBuiltCount() {
        let file = "FROM shop/a AS a\nFROM shop/b AS b\nFROM shop/c AS c"
        #expect(images(file, stage: "b") == ["shop/b"])
        #expect(images(file, stage: "b", skips: false) == ["shop/a", "shop/b"])
    }

    @Test(arguments: ["shop/base", "shop/base:latest", "docker.io/shop/base"])
    func aServiceIsBuiltOnTheOneWhoseImageItsDockerfileNames(_ name: String) throws {
        let found = try dependencies(["base", "app"], ["app": [name, "alpine"]])
        #expect(found.bases == ["app": ["base"]])
        #expect(found.names == [:])
    }

    @Test func anotherNameOfABaseIsOneThatItIsTaggedWith() throws {
        let found = try dependencies(
            ["base", "app", "api"],
            ["app": ["localhost:5000/shop/base"], "api": ["shop/base:1.2", "localhost:5000/shop/base:latest"]])
        #expect(found.bases == ["app": ["base"], "api": ["base"]])
        #expect(found.names["base"]?.map(\.tagged).sorted() == ["localhost:5000/shop/base:latest", "shop/base:1.2"])
    }

    @Test func aNameThatAServiceIsBuiltOnItselfComesFromElsewhere() throws {
        let found = try dependencies(["db", "backup"], ["db": ["shop/db:16"], "backup": ["shop/db:16"]])
        #expect(found == (try dependencies(["db", "backup"], [:])))
    }

    @Test func servicesThatAreBuiltOnEachOtherAreRefusedWithTheWholeCircle() throws {
        let text =
            #"{ "services": [{ "image": "a", "context": "c" }, { "image": "b", "context": "c" }, { "image": "c", "context": "c" }] }"#
        let configuration = try Fixture.configuration(text)
        let fine = ImageDependencies(configuration, images: ["a": ["b", "c"], "b": ["c"]])
        try fine.checkOrder(configuration)
        #expect(fine.closure(of: ["b"]) == ["b", "c"])
        let circle = ImageDependencies(configuration, images: ["b": ["c"], "c": ["b", "a"]])
        let error = #expect(throws: ConfigurationError.self) { try circle.checkOrder(configuration) }
        #expect(error?.lines.first?.contains("b is built on c is built on b") == true)
    }
}
