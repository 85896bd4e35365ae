/// One path that is not as it was.
package struct Change: Sendable, Hashable {
    /// How it differs from the batch before.
    package enum Kind: Sendable, Hashable {
        case created, modified, deleted
    }

    /// The ``WatchRoot/id`` of the tree.
    package let rootID: String
    /// Relative to the root and separated by `/`; the file's own name if the root is a single file. Bytes that are not
    /// UTF-8 are repaired, so that it can be shown; control characters are left as they are.
    package let path: String
    /// How it differs.
    package let kind: Kind

    /// Makes a change; useful to tests of what handles them.
    package init(rootID: String, path: String, kind: Kind) {
        self.rootID = rootID
        self.path = path
        self.kind = kind
    }
}

/// Changes that belong together: nothing changed for the settle time after the last of them.
package struct ChangeBatch: Sendable, Hashable {
    /// Each path once, sorted by root and path.
    package let changes: [Change]
    /// When the first change was noticed.
    package let firstNoticed: ContinuousClock.Instant

    /// Makes a batch; useful to tests of what handles them.
    package init(changes: [Change], firstNoticed: ContinuousClock.Instant) {
        self.changes = changes
        self.firstNoticed = firstNoticed
    }

    /// This batch and the next as one, for a consumer that was busy: each path's kind is what both amount to.
    func merged(with next: ChangeBatch) -> ChangeBatch? {
        struct Place: Hashable {
            let rootID: String
            let path: String
        }
        var kinds: [Place: Change.Kind] = [:]
        for change in changes { kinds[Place(rootID: change.rootID, path: change.path)] = change.kind }
        for change in next.changes {
            let place = Place(rootID: change.rootID, path: change.path)
            switch (kinds[place], change.kind) {
            // Names that are not UTF-8 may look alike once repaired: these two need not be the same file.
            case (.created, .deleted): kinds[place] = place.path.unicodeScalars.contains("\u{FFFD}") ? .modified : nil
            case (.created, _): kinds[place] = .created
            case (.deleted, .created): kinds[place] = .modified
            case (_, let kind): kinds[place] = kind
            }
        }
        if kinds.isEmpty { return nil }
        let merged = kinds.map { Change(rootID: $0.key.rootID, path: $0.key.path, kind: $0.value) }
        return ChangeBatch(changes: merged.sortedByPath(), firstNoticed: min(firstNoticed, next.firstNoticed))
    }
}

extension [Change] {
    func sortedByPath() -> [Change] {
        sorted { ($0.rootID, $0.path) < ($1.rootID, $1.path) }
    }
}
