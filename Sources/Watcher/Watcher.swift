/// What changed under a set of folders. See ``TreeWatcher``.
public enum Watcher {}
