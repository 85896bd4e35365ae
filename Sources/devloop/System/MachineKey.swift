import Runner

/// The key of this user on this machine, for hashes that others may see and must learn nothing from.
enum MachineKey {
    /// The key in the ``StateFolder``, which is made at the first time. Where it can't be kept, each run has another
    /// one: that costs a restart of what runs, and nothing else.
    static func key(environment: [String: String]) -> [UInt8] {
        guard let path = StateFolder.path(environment: environment).map({ "\($0)/key" }) else {
            return KeyedHash.randomKey()
        }
        if let kept = kept(path) { return kept }
        let new = KeyedHash.randomKey()
        try? FileSystem.write(new, to: path)
        // Another run may have kept its own a moment before.
        return kept(path) ?? new
    }

    private static func kept(_ path: String) -> [UInt8]? {
        guard let bytes = try? FileSystem.read(path, limit: KeyedHash.keyLength), bytes.count == KeyedHash.keyLength
        else { return nil }
        return bytes
    }
}
