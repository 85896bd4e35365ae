extension IgnorePatterns {
    /// What editors and version control leave beside the sources and no image is built from.
    ///
    /// Only names that are never an input: vim's probe `4913` is missing, because a file that is created and deleted
    /// within one batch is no change anyway, and because somebody may well have a folder of that name.
    package static let editorFiles: IgnorePatterns = {
        let patterns = [
            "**/.git", "**/.hg", "**/.svn",
            "**/.*.swp", "**/.*.swo", "**/.*.swn", "**/.*.swx", "**/*~", "**/.#*", "**/#*#",
            "**/*___jb_tmp___", "**/*___jb_old___", "**/.idea/workspace.xml",
            "**/.goutputstream-*", "**/.*.kate-swp", "**/.DS_Store",
        ]
        // A fixed list: a test reads it.
        return (try? IgnorePatterns(patterns: patterns)) ?? .none
    }()
}
