import Foundation
import Runner
import TestSupport

/// A base, two libraries that are built on it, and five services on these, in all the ways in which images are built on images
/// and services share code:
///
/// - `ant` is built on a library by a build argument's default;
/// - `bee` on a library, and copies from, or mounts, the other one;
/// - `cat` and `dog` are one request under two names, whose context is the whole project, with code that is shared;
/// - `eel`'s context is a link to a folder, and its Dockerfile is outside of it.
struct BuildChain: Sendable {
    static let services = ["ant", "bee", "cat", "dog", "eel"]

    let project: BuildProject
    private let dockerfiles: [String: String]

    /// What each image brings, which its Dockerfile copies: for each level some files.
    private static let sources = [
        "base/base.txt", "left/left.txt", "right/right.txt", "ant/ant.txt", "bee/bee.txt", "shared/code.txt",
        "cat/cat.txt", "real/eel.txt",
    ]
    /// Lists what is in an image of these.
    private static let listing = "cd /chain && for file in *; do echo \"$file: $(cat $file)\"; done"
    private static let command =
        "CMD [\"/bin/sh\", \"-c\", \"trap 'exit 0' TERM; while true; do sleep 3600 & wait $!; done\"]"

    /// - Parameter usesBuildKit: whether a `RUN` may mount.
    init(usesBuildKit: Bool) throws {
        let other =
            usesBuildKit
            ? "RUN --mount=type=bind,from=NAME/right,target=/right cp /right/chain/right.txt /chain/mounted"
            : "COPY --from=NAME/right /chain/right.txt /chain/mounted"
        dockerfiles = [
            "base/Dockerfile": "\(BuildProject.busybox)\nCOPY base.txt /chain/",
            "left/Dockerfile": "FROM NAME/base\nCOPY left.txt /chain/\nRUN cat /chain/* >/chain/all-left",
            "right/Dockerfile": "FROM NAME/base:latest\nCOPY right.txt /chain/",
            "ant/Dockerfile": "ARG BASE=NAME/left\nFROM ${BASE}\nCOPY ant.txt /chain/\n\(Self.command)",
            "bee/Dockerfile": "FROM NAME/left\n\(other)\nCOPY bee.txt /chain/\n\(Self.command)",
            "cat/Dockerfile":
                "FROM NAME/right\nCOPY shared/code.txt cat/cat.txt /chain/\nCOPY --from=NAME/left /chain/left.txt /chain/\n\(Self.command)",
            "files/eel": "FROM NAME/right\nCOPY eel.txt /chain/\n\(Self.command)",
        ]
        func service(_ name: String, context: String, _ keys: String = "") -> String {
            #"{ "name": "\#(name)", "image": "NAME/\#(name)", "context": "\#(context)", "sync": false\#(keys) }"#
        }
        let whole = #", "dockerfile": "cat/Dockerfile""#
        var files = dockerfiles
        for source in Self.sources { files[source] = "first\n" }
        for name in Self.services { files["k8s/\(name).yaml"] = BuildProject.deployment(of: name) }
        files[".dockerignore"] = "state\n"
        project = try BuildProject(
            services: ["base", "left", "right", "ant", "bee"].map { service($0, context: $0) } + [
                service("cat", context: ".", whole), service("dog", context: ".", whole),
                service("eel", context: "eel", #", "dockerfile": "../files/eel""#),
            ], files: files)
        try project.copyBusybox(to: "base")
        try FileManager.default.createSymbolicLink(
            atPath: project.folder.appendingPathComponent("eel").path, withDestinationPath: "real")
    }

    /// Changes something, as somebody at an editor does.
    func edit(_ random: inout SeededGenerator) throws {
        let dockerfile = dockerfiles.keys.sorted().randomElement(using: &random) ?? ""
        let text = dockerfiles[dockerfile] ?? ""
        switch Int.random(in: 0..<10, using: &random) {
        case 0: try project.write(text + "\nENV EDIT=\(random.next())\n", to: dockerfile)
        case 1: try project.write(text, to: dockerfile)
        case 2: try project.write("FROM NAME/base\nCOPY no-such-file /\n", to: dockerfile)
        case 3:
            // A branch is switched.
            for source in Self.sources { try project.write("\(random.next())\n", to: source) }
        default:
            try project.write("\(random.next())\n", to: Self.sources.randomElement(using: &random) ?? "")
        }
    }

    func breakDockerfile(of image: String) throws {
        try project.write("FROM scratch\nCOPY no-such-file /\n", to: "\(image)/Dockerfile")
    }

    /// Writes all Dockerfiles as they were in the beginning.
    func repair() throws {
        for (path, text) in dockerfiles { try project.write(text, to: path) }
    }

    /// What the containers of a service hold.
    func running(_ service: String) async throws -> [String] {
        let containers = try await Shell.attempt(
            "docker",
            [
                "ps", "--quiet", "--filter=label=dev.devloop.project=\(project.name)",
                "--filter=label=dev.devloop.workload=deployment/\(service)",
            ]
        ).text.split(separator: "\n").map(String.init)
        var found: [String] = []
        for container in containers {
            found.append(try await Shell.attempt("docker", ["exec", container, "sh", "-c", Self.listing]).text)
        }
        return found
    }

    /// The id of the image that a service's name means.
    func image(of service: String) async throws -> String {
        try await Shell.run("docker", "image", "inspect", "--format={{.Id}}", "\(project.name)/\(service)")
    }

    /// Builds everything in order and without a cache, under other names, as one does by hand.
    /// - Returns: what is in the image of each service.
    func buildByHand(with builder: ImageBuilderProgram) async throws -> [String: String] {
        let name = "clean-\(project.name)"
        var contents: [String: String] = [:]
        for image in ["base", "left", "right"] + Self.services {
            let file =
                switch image {
                case "eel": "files/eel"
                case "cat", "dog": "cat/Dockerfile"
                default: "\(image)/Dockerfile"
                }
            let context = ["cat", "dog"].contains(image) ? "." : image
            try project.write(
                (dockerfiles[file] ?? "").replacingOccurrences(of: "NAME", with: name), to: "state/\(image)")
            let built = try await Shell.attempt(
                builder.executable,
                [
                    "build", "--no-cache", "--tag=\(name)/\(image)",
                    "--file=\(project.folder.path)/state/\(image)", "\(project.folder.path)/\(context)",
                ], environment: builder.environment)
            guard built.termination.isSuccess else { throw ShellError(command: "docker build", said: built.errorText) }
            if Self.services.contains(image) {
                contents[image] = try await Shell.run(
                    "docker", "run", "--rm", "\(name)/\(image)", "sh", "-c", Self.listing)
            }
        }
        return contents
    }
}
