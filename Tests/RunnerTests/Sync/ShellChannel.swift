import Foundation
import TestSupport
import Testing

@testable import Runner

/// The shells of this machine that a channel may find in a container.
enum ContainerShell: String, CaseIterable, Sendable {
    case dash
    case bash
    /// With its own tar and dd. Debian's has no cksum: there it is the machine's.
    case busybox

    static let there = allCases.filter { $0.path != nil }

    /// Those that look on PATH first: Debian's busybox takes its own tools before any others.
    static let takingTools = there.filter { $0 != .busybox }

    private var path: String? {
        ["/bin", "/usr/bin"].map { "\($0)/\(rawValue)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    func words(_ script: String) -> [String] {
        (self == .busybox ? ["sh"] : []) + ["-c", script]
    }

    /// Makes a folder with what the shell calls first: busybox' own tools, and the test's.
    func tools(in folder: String, _ scripts: [String: String]) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, script) in scripts {
            try TestFile.write(Array("#!/bin/sh\n\(script)\n".utf8), to: "\(folder)/\(name)", isProgram: true)
        }
        guard self == .busybox, let path else { return }
        for tool in ["tar", "dd", "md5sum", "rm", "rmdir", "readlink", "mkdir"] where scripts[tool] == nil {
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(tool)", withDestinationPath: path)
        }
    }
}

/// A channel whose container is a folder of this machine.
struct ShellChannel: Sendable {
    let folder: TemporaryFolder
    let channel: SyncChannel

    var source: String { "\(folder.path)/source" }
    var target: String { "\(folder.path)/target" }

    /// - Parameters:
    ///   - tools: scripts in place of the container's programs; `$here` is a folder that they share with the test.
    ///   - before: what the shell does first.
    init(
        _ shell: ContainerShell, tools: [String: String] = [:], before: String = "",
        patience: Duration = .seconds(30)
    ) throws {
        folder = try TemporaryFolder()
        try shell.tools(in: "\(folder.path)/tools", tools)
        for name in ["source", "target"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        }
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        channel = SyncChannel(
            command: Command(
                shell.rawValue, shell.words(before + SyncScript.loop),
                environment: ["PATH": "\(folder.path)/tools:\(path)", "here": folder.path]),
            launcher: SystemLauncher(environment: ["PATH": path], grace: .milliseconds(300)), patience: patience)
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        try TestFile.write(Array(text.utf8), to: "\(source)/\(name)")
        chmod("\(source)/\(name)", mode)
    }

    func entry(_ name: String, owner: String? = nil, mode: UInt16? = nil) -> SyncEntry {
        SyncEntry(source: "\(source)/\(name)", path: "\(target)/\(name)", owner: owner, mode: mode)
    }

    func removal(_ name: String) -> SyncEntry { SyncEntry(source: nil, path: "\(target)/\(name)") }

    @discardableResult
    func send(_ names: String...) async throws -> SyncReceipt { try await channel.send(names.map { entry($0) }) }

    /// Whether both trees are.
    func isTheSame() throws -> Bool { try TreeSnapshot(of: target) == TreeSnapshot(of: source) }

    func content(_ name: String) -> String? { TestFile.read("\(target)/\(name)") }

    func status(_ name: String) throws -> stat {
        var status = stat()
        try #require(lstat("\(target)/\(name)", &status) == 0)
        return status
    }

    /// What a send fails with.
    func failure(_ entries: [SyncEntry], sourceLocation: SourceLocation = #_sourceLocation) async throws -> SyncError {
        let error = await #expect(throws: SyncError.self, sourceLocation: sourceLocation) {
            _ = try await channel.send(entries)
        }
        return try #require(error, sourceLocation: sourceLocation)
    }
}
