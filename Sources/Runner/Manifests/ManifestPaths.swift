#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a path of manifests stands for: a file, a folder, a kustomization, or, as a pattern, several of these.
package enum ManifestPaths {
    /// What kubectl reads of a folder.
    package static let fileEndings = [".yaml", ".yml", ".json"]

    /// Whether kubectl takes a file of this name for a manifest where only its folder is named.
    package static func isManifest(_ name: String) -> Bool { fileEndings.contains { name.hasSuffix($0) } }

    /// The kustomization that a folder holds, by one of kustomize's three names; `nil` where it holds none.
    package static func kustomization(in folder: String) -> String? {
        ["kustomization.yaml", "kustomization.yml", "Kustomization"].map { "\(folder)/\($0)" }
            .first { access($0, F_OK) == 0 }
    }

    /// Whether a path is a shell's pattern: `k8s/*.yaml`. One at which something is by that very name is not.
    package static func isPattern(_ path: String) -> Bool {
        path.utf8.contains(where: { "*?[".utf8.contains($0) }) && access(path, F_OK) != 0
    }

    /// The folder in which a pattern begins, and the pattern from there on.
    package static func split(pattern: String) -> (folder: String, rest: String) {
        let parts = pattern.split(separator: "/")
        let plain = parts.prefix { !$0.utf8.contains(where: { "*?[\\".utf8.contains($0) }) }
        return ("/" + plain.joined(separator: "/"), parts.dropFirst(plain.count).joined(separator: "/"))
    }

    /// The folders and manifests that a pattern names now, in order; a path that is no pattern stands for itself.
    package static func expand(_ path: String) -> [String] {
        guard isPattern(path) else { return [path] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(path, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { index in
            guard let match = found.gl_pathv[index].map({ String(cString: $0) }) else { return nil }
            return isManifest(match) || isFolder(match) ? match : nil
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
