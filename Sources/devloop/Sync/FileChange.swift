/// A changed file of a service's context, with where it is in the image. A value.
struct FileChange: Sendable, Hashable {
    /// Relative to the context.
    var path: String
    /// Whether it is not there any more.
    var isGone = false
    /// Whether it was not there before.
    var isNew = false
    /// Whether it is a folder, which matters to nobody but for what is in it.
    var isFolder = false
    /// What becomes of it in the image.
    var place: CopiedFiles.Place
    /// Whether it says how the image is built.
    var isBuildFile = false

    /// Which way a change goes.
    enum Way: Sendable, Hashable {
        /// Into the containers that run.
        case sync([CopiedFiles.Destination])
        /// Into a new image; why, in few words, where there is something to say.
        case build(because: String?)
    }
}
