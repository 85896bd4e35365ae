/// What an image, or an engine, is made for: `linux/arm64`.
package struct ImagePlatform: Sendable, Hashable {
    package var system: String
    package var architecture: String

    /// Reads `OS/ARCH[/VARIANT]`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), Self.systems.contains(parts[0]), Self.architectures.contains(parts[1]),
            parts.count == 2 || !parts[2].isEmpty
        else { return nil }
        (system, architecture) = (parts[0], parts[1])
    }

    /// The systems that images are made for.
    static let systems: Set<String> = ["linux", "windows"]

    /// The architectures that Go and with it Docker knows for these: https://go.dev/doc/install/source#environment
    package static let architectures: Set<String> = [
        "386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le", "ppc64le", "riscv64", "s390x",
    ]

    /// The architecture that is meant by another name for it.
    package static func architecture(calledAlso name: String) -> String? {
        switch name.lowercased() {
        case "x86_64", "x64", "x86-64": "amd64"
        case "aarch64", "armv8": "arm64"
        case "i386", "i686", "x86": "386"
        case "armhf", "armv7", "armv7l": "arm"
        default: nil
        }
    }

    /// Whether a machine runs its programs by itself, without an emulator.
    package func runs(on machine: ImagePlatform) -> Bool {
        guard system == machine.system else { return false }
        return architecture == machine.architecture
            // Most of these do, and where one doesn't nobody is harmed.
            || (architecture, machine.architecture) == ("386", "amd64")
            || (architecture, machine.architecture) == ("arm", "arm64")
    }

    /// What lets a machine run its programs.
    package var emulatorAdvice: String {
        // https://docs.docker.com/build/building/multi-platform/#qemu
        "install its emulator: docker run --privileged --rm tonistiigi/binfmt --install \(architecture)"
    }
}

extension ImagePlatform: CustomStringConvertible {
    package var description: String { "\(system)/\(architecture)" }
}

extension ImageBuilder {
    /// What the engine runs by itself; `nil` where it doesn't say.
    /// - Throws: ``TargetError`` where docker is missing, or `CancellationError`.
    package func platform() async throws -> ImagePlatform? {
        let output = try await launcher.runTool(
            Command("docker", ["version", "--format={{.Server.Os}}/{{.Server.Arch}}"]))
        return output.text.split(separator: "\n").first.flatMap { ImagePlatform(String($0)) }
    }
}
