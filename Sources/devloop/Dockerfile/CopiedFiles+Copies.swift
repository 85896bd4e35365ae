extension CopiedFiles {
    /// The paths that a file is copied to, whatever else uses it; empty where that is not known.
    func copies(of file: String, kind: (String) -> Kind?, names: (String) -> [String]) -> Set<String> {
        let onlyCopies = steps.filter { step in
            switch step {
            case .copy, .folder, .image: true
            case .from, .run, .volume: false
            }
        }
        let place = withoutActuallyEscaping(names) { names in
            CopiedFiles(workingDirectory: workingDirectory, steps: onlyCopies, problem: problem)
                .place(of: file, kind: kind, names: names)
        }
        guard case .image(let destinations) = place else { return [] }
        return Set(destinations.map(\.path))
    }

    /// Of nothing but steps.
    private init(workingDirectory: String?, steps: [CopyStep], problem: String?) {
        (self.workingDirectory, self.steps, self.problem) = (workingDirectory, steps, problem)
        (readStages, takings, needlessTakings, countsSources) = ([], [], [], false)
    }
}
