import Testing

@testable import devloop

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Real files, in a folder of each test's own.
@Suite(.timeLimit(.minutes(1))) final class FileSystemTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/devloop-test-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for name in ["file", "fifo", "loop", "link", "folder/devloop.json", "folder/web/Dockerfile", "devloop.json"] {
            unlink("\(folder)/\(name)")
        }
        for name in ["folder/web", "folder", ""] { rmdir("\(folder)/\(name)") }
    }

    private func write(_ text: String, to name: String) throws {
        let file = try #require(fopen("\(folder)/\(name)", "w"))
        fputs(text, file)
        fclose(file)
    }

    private func refusal(of name: String, limit: Int = 1 << 20) -> FileSystem.ReadError? {
        do throws(FileSystem.ReadError) {
            _ = try FileSystem.read("\(folder)/\(name)", limit: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test func aFileIsReadWhole() throws {
        let text = String(repeating: "0123456789", count: 10_000)
        try write(text, to: "file")
        #expect(try FileSystem.read("\(folder)/file") == Array(text.utf8))
        #expect(symlink("file", "\(folder)/link") == 0)
        #expect(try FileSystem.read("\(folder)/link").count == 100_000)
        #expect(refusal(of: "file", limit: 99_999)?.reason.contains("larger") == true)
    }

    @Test func whatIsNoFileIsRefusedWithoutWaitingForIt() {
        #expect(mkfifo("\(folder)/fifo", 0o600) == 0)
        #expect(symlink("loop", "\(folder)/loop") == 0)
        #expect(refusal(of: "fifo") == .init(isMissing: false, reason: "it is not a regular file"))
        #expect(refusal(of: "") == .init(isMissing: false, reason: "it is a folder"))
        #expect(refusal(of: "loop")?.isMissing == false)
        #expect(refusal(of: "nothing")?.isMissing == true)
        #expect(refusal(of: "nothing/below")?.isMissing == true)
        #expect(FileSystem.kind(of: "\(folder)/fifo") == .other)
        #expect(FileSystem.kind(of: folder) == .folder)
        #expect(FileSystem.kind(of: "\(folder)/nothing") == nil)
    }

    @Test func aConfigurationIsLoadedByItsFileOrItsFolder() throws {
        #expect(mkdir("\(folder)/folder", 0o700) == 0 && mkdir("\(folder)/folder/web", 0o700) == 0)
        try write("FROM scratch\n", to: "folder/web/Dockerfile")
        try write(Configuration.example, to: "folder/devloop.json")
        let byFile = try Configuration.load(path: "\(folder)/folder/devloop.json")
        #expect(try Configuration.load(path: "\(folder)/folder") == byFile)
        #expect(try Configuration.load(path: "\(folder)/folder/") == byFile)
        #expect(byFile.directory == "\(folder)/folder")
        #expect(byFile.services.map(\.context) == ["\(folder)/folder/web"])
    }

    @Test func aFileHasOnePlaceWhicheverLinksLeadToItsFolder() throws {
        #expect(mkdir("\(folder)/folder", 0o700) == 0)
        #expect(symlink("folder", "\(folder)/link") == 0)
        let place = FileSystem.place(of: "\(folder)/folder/devloop.json")
        #expect(place.hasSuffix("/folder/devloop.json"))
        #expect(FileSystem.place(of: "\(folder)/link/devloop.json") == place)
        #expect(FileSystem.place(of: "\(folder)/link/other.json") != place)
        // A file that is a link itself is read where it is.
        #expect(symlink("folder/devloop.json", "\(folder)/devloop.json") == 0)
        #expect(FileSystem.place(of: "\(folder)/devloop.json") != place)
    }

    @Test func aMissingDockerfileIsSaidWithThePathThatWasLookedAt() throws {
        try write(#"{ services: [{ image: "a", context: "." }] }"#, to: "devloop.json")
        let expected = ConfigurationError(
            file: "\(folder)/devloop.json",
            problems: [
                .init(
                    position: .init(line: 1, column: 28), keyPath: "services[0].context",
                    message:
                        "expected a Dockerfile at \(folder)/Dockerfile, found nothing; \"dockerfile\" names another")
            ])
        #expect(throws: expected) { try Configuration.load(path: "\(folder)/devloop.json") }
    }

    @Test func theEnvironmentIsSeen() {
        #expect(ProcessEnvironment.current()["PATH"] == getenv("PATH").map { String(cString: $0) })
    }
}
