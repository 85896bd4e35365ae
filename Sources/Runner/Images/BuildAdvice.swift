/// What to do about a build that failed, where what it said tells.
enum BuildAdvice {
    /// - Parameter lines: the end of its output.
    /// - Returns: `nil` where there is nothing to say that the output doesn't.
    static func words(for lines: [String], _ options: BuildOptions) -> String? {
        func says(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
        // What Linux says of a program that is none of this machine's.
        if says("exec format error") {
            guard let platform = options.platform.flatMap(ImagePlatform.init) else {
                return "a program in the image is for another kind of machine: is the base image for this one?"
            }
            return "this machine does not run programs for \(platform): \(platform.emulatorAdvice); "
                + "or leave \"platform\" out"
        }
        if says("could not parse secrets") || says("failed to stat") && !options.secrets.isEmpty {
            return "\"secrets\" says where each is: is it there?"
        }
        let isPulled = ["pull access denied", "failed to resolve source metadata", "manifest unknown"].contains(
            where: says)
        if isPulled, !options.contexts.isEmpty {
            return "the named contexts are \(options.contexts.map(\.name).joined(separator: ", ")); what a Dockerfile "
                + "names otherwise is a stage, or an image that is pulled"
        }
        if let line = lines.last(where: { $0.contains("unknown flag: ") }), !options.extraArguments.isEmpty {
            let flag = line.split(separator: " ").last.map(String.init) ?? "it"
            return "\"extraArguments\" are handed to the builder as they are, and it does not know \(flag)"
        }
        return nil
    }
}
