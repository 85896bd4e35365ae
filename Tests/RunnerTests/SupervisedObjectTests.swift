import Testing

@testable import Runner

/// Which containers run under a supervisor, and what it is told to run.
struct SupervisedObjectTests {
    private static let image = ImageStart(entrypoint: ["/entry", "$x"], command: ["serve", "$(HOME)"])

    private func images(_ start: ImageStart?) throws -> DeliveredImages {
        let reference = try #require(ImageReference("shop/web"))
        var images = DeliveredImages(names: ImageNames([reference]))
        images[reference] = DeliveredImage(
            built: BuiltImage(reference: reference, id: "sha256:1", start: start), reference: "r/shop/web")
        return images
    }

    private func object(_ container: JSONValue, in list: String = "containers", pod: [String: JSONValue] = [:]) throws
        -> KubernetesObject
    {
        var spec: JSONValue = ["containers": []]
        var container = container
        container["name"] = "web"
        if container["image"] == nil { container["image"] = "shop/web" }
        spec[list] = [container]
        for (key, value) in pod { spec[key] = value }
        return try #require(
            KubernetesObject(["kind": "Deployment", "metadata": ["name": "web"], "spec": ["template": ["spec": spec]]]))
    }

    /// - Returns: what is run; `nil` where the container is left as it is.
    private func program(_ object: KubernetesObject, list: String = "containers") throws -> [String]? {
        let supervised = object.supervised(try images(Self.image))
        guard supervised != object else { return nil }
        let container = supervised.json[path: ["spec", "template", "spec", list]]?.array?.first
        let command = container?["command"]?.array?.compactMap(\.string) ?? []
        #expect(command.first == "/bin/sh")
        #expect(command.last == "web")
        #expect(command.count == 4)
        return container?["args"]?.array?.compactMap(\.string)
    }

    @Test func theImagesOwnWordsAreNoVariables() throws {
        #expect(try program(object([:])) == ["/entry", "$$x", "serve", "$$(HOME)"])
    }

    @Test func theManifestsWordsTakeTheirPlaceAsTheKubeletHasIt() throws {
        #expect(try program(object(["args": ["go", "$(A)"]])) == ["/entry", "$$x", "go", "$(A)"])
        #expect(try program(object(["command": ["run"]])) == ["run"])
        #expect(try program(object(["command": ["run"], "args": ["it"]])) == ["run", "it"])
        #expect(try program(object(["command": [], "args": []])) == ["/entry", "$$x", "serve", "$$(HOME)"])
    }

    @Test func whatRunsToItsEndIsLeftAlone() throws {
        #expect(try program(object([:], in: "initContainers"), list: "initContainers") == nil)
        #expect(
            try program(object(["restartPolicy": "Always"], in: "initContainers"), list: "initContainers") != nil)
    }

    @Test(arguments: ["shareProcessNamespace", "hostPID"])
    func aPodThatSharesItsProcessesIsLeftAlone(key: String) throws {
        #expect(try program(object([:], pod: [key: true])) == nil)
        #expect(try program(object([:], pod: [key: false])) != nil)
    }

    @Test func othersImagesAreLeftAlone() throws { #expect(try program(object(["image": "nginx"])) == nil) }

    @Test func anImageThatIsNotToBeSupervisedIsLeftAlone() throws {
        let object = try object([:])
        #expect(object.supervised(try images(nil)) == object)
    }

    /// Once, as Kubernetes and the Docker target read a manifest's words.
    @Test func theScriptIsWhatTheShellGetsAfterVariablesAreFilledIn() throws {
        let container = try object([:]).supervised(images(Self.image)).json[path: [
            "spec", "template", "spec", "containers",
        ]]
        let word = try #require(container?.array?.first?["command"]?.array?[2].string)
        let reader = EnvironmentReader(configuration: ConfigurationData(), namespace: "default", fields: [:], user: "")
        #expect(reader.expand(word) == Supervisor.script)
    }
}
