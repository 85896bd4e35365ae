import Foundation
import Runner

/// The Docker Engine that the tests run on.
enum Docker {
    static let launcher = SystemLauncher(environment: ProcessInfo.processInfo.environment)

    /// Whether an engine answers. With `DEVLOOP_REQUIRE_DOCKER=1` the tests run in any case, and fail without one.
    static let isThere: Bool = {
        if ProcessInfo.processInfo.environment["DEVLOOP_REQUIRE_DOCKER"] == "1" { return true }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["docker", "info"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0 && TinyImage.busybox != nil
    }()

    /// nginx from the image that `Scripts/base-image nginx` makes, unless the environment names another one.
    static func proxy(port: Int? = nil) -> ProxySettings {
        let image = ProcessInfo.processInfo.environment[ProxySettings.imageVariable]
        return ProxySettings(image: image ?? "devloop-nginx:debian", port: port)
    }

    /// An image with node: the one that `BASE` names, or that `Scripts/base-image` makes.
    static func base() async throws -> String {
        if let base = ProcessInfo.processInfo.environment["BASE"] { return base }
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try await Shell.run(repository.appendingPathComponent("Scripts/base-image").path)
    }

    /// What a docker command prints.
    @discardableResult
    static func run(_ arguments: String..., input: [UInt8]? = nil) async throws -> String {
        let output = try await launcher.run(Command("docker", arguments, input: input))
        guard output.termination.isSuccess else { throw Failure(text: "\(arguments): \(output.errorText)") }
        return output.text
    }

    struct Failure: Error, CustomStringConvertible {
        var text: String
        var description: String { text }
    }
}
