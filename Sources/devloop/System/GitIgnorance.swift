import Runner

/// Which files git would take into a repository.
enum GitIgnorance {
    /// Those of the files that are in a repository, or could come into one with the next commit. None where there is no git,
    /// or no repository.
    static func exposed(_ files: [String], launcher: any CommandRunning) async -> [String] {
        var exposed: [String] = []
        for file in files {
            let (folder, name) = (PathName.directory(of: file), PathName.lastComponent(of: file))
            let command = Command("git", ["-C", folder, "check-ignore", "--quiet", "--", name])
            // 128 says that there is no repository.
            let output = try? await launcher.run(command, output: .collected)
            if output?.termination == .exited(1) { exposed.append(file) }
        }
        return exposed
    }

    /// A line of files with values of Secrets; `nil` where there are none.
    /// - Parameter names: as the user knows them.
    static func warning(_ names: [String]) -> String? {
        guard let last = names.last else { return nil }
        let list = names.count == 1 ? last : "\(names.dropLast().joined(separator: ", ")) and \(last)"
        let (holds, them) = names.count == 1 ? ("holds", "it") : ("hold", "them")
        return
            "\(list) \(holds) values of Secrets, and git does not ignore \(them): name a file that is in .gitignore, "
            + "or null for the environment's variable"
    }
}
