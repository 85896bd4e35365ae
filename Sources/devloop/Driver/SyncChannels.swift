import Runner
import Synchronization

/// The channels through which files get into containers. One is opened with the first file for its container, and closed
/// when it was quiet for long, or when others need its place: each is a process.
final class SyncChannels: Sendable {
    private struct Entry {
        let channel: SyncChannel
        let workload: Workload
        var uses = 0
        var last: ContinuousClock.Instant
        /// Whether somebody waits to close it.
        var isTimed = false
    }

    private let limit: Int
    private let quiet: Duration
    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameters:
    ///   - limit: how many are open at once, but for those that are in use.
    ///   - quiet: after how long without use one is closed.
    init(limit: Int = 8, quiet: Duration = .seconds(600)) {
        self.limit = limit
        self.quiet = quiet
    }

    /// Sends files to a container.
    /// - Parameters:
    ///   - actions: what is done there when all of them are there.
    ///   - open: makes a channel to it.
    func send(
        _ files: [SyncEntry], then actions: [ContainerAction] = [], to container: RunningContainer,
        open: () throws -> SyncChannel
    ) async -> Result<SyncReceipt, SyncError> {
        let channel: SyncChannel
        do {
            channel = try use(container, open)
        } catch {
            return .failure(error as? SyncError ?? .lost(SyncReason(.other, "\(error)")))
        }
        let result: Result<SyncReceipt, SyncError>
        do throws(SyncError) {
            result = .success(try await channel.send(files, then: actions, in: container.name))
        } catch {
            result = .failure(error)
        }
        release(container.id, channel, result)
        return result
    }

    private func use(_ container: RunningContainer, _ open: () throws -> SyncChannel) throws -> SyncChannel {
        if let channel = entries.withLock({ entries -> SyncChannel? in
            entries[container.id]?.uses += 1
            return entries[container.id]?.channel
        }) {
            return channel
        }
        let channel = try open()
        let surplus = entries.withLock { entries -> [SyncChannel] in
            entries[container.id] = Entry(channel: channel, workload: container.workload, uses: 1, last: .now)
            let idle = entries.filter { $0.value.uses == 0 }.sorted { $0.value.last < $1.value.last }
            let closed = idle.prefix(max(0, entries.count - limit))
            for (id, _) in closed { entries[id] = nil }
            return closed.map(\.value.channel)
        }
        for channel in surplus { channel.close() }
        return channel
    }

    private func release(_ container: String, _ channel: SyncChannel, _ result: Result<SyncReceipt, SyncError>) {
        let isTimed = entries.withLock { entries -> Bool in
            guard entries[container]?.channel === channel else { return true }
            if case .failure(.lost) = result {
                entries[container] = nil
                return true
            }
            entries[container]?.uses -= 1
            entries[container]?.last = .now
            defer { entries[container]?.isTimed = true }
            return entries[container]?.isTimed ?? true
        }
        if case .failure(.lost) = result { channel.close() }
        if !isTimed { Task { [weak self] in await self?.closeWhenQuiet(container, channel) } }
    }

    private func closeWhenQuiet(_ container: String, _ channel: SyncChannel) async {
        while let last = entries.withLock({ entries in
            entries[container].flatMap { $0.channel === channel ? $0.last : nil }
        }) {
            guard last + quiet <= .now else {
                try? await Task.sleep(until: last + quiet, clock: .continuous)
                continue
            }
            let isClosed = entries.withLock { entries -> Bool in
                guard let entry = entries[container], entry.channel === channel, entry.uses == 0,
                    entry.last + quiet <= .now
                else { return false }
                entries[container] = nil
                return true
            }
            if isClosed { return channel.close() }
            // It is in use.
            try? await Task.sleep(for: quiet)
        }
    }

    /// Closes those of a workload's containers that are gone.
    /// - Parameter containers: those that run.
    func keep(_ containers: [RunningContainer], of workload: Workload) {
        let ids = Set(containers.map(\.id))
        let gone = entries.withLock { entries -> [SyncChannel] in
            let gone = entries.filter { $0.value.workload == workload && !ids.contains($0.key) }
            for id in gone.keys { entries[id] = nil }
            return gone.values.map(\.channel)
        }
        for channel in gone { channel.close() }
    }
}
