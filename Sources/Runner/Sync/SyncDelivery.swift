/// One send, on a thread of its own: rounds, until the container has acknowledged everything.
struct SyncDelivery {
    /// Why it did not come to its end.
    enum Stop: Error, Hashable {
        /// In good order: the channel goes on.
        case error(SyncError)
        /// In the middle of something: it does not.
        case interrupted(SyncError)
        /// The other end is closed; with what it said that is no answer.
        case ended([String])
        case silent
    }

    /// How often a file is sent that changes while it is sent, and one that something in the container changes.
    private static let attempts = (changing: 4, altered: 2)

    let link: SyncLink
    /// Called before the container's program is started again.
    let willRestart: @Sendable () -> Void
    private var receipt = SyncReceipt()
    private var tries: [[UInt8]: Int] = [:]
    private var again: [SyncItem] = []

    init(link: SyncLink, willRestart: @escaping @Sendable () -> Void) {
        self.link = link
        self.willRestart = willRestart
    }

    /// - Parameters:
    ///   - actions: what is done when all of it is there.
    ///   - container: the container's name in its pod.
    ///   - greets: whether nobody has talked to the shell yet.
    mutating func run(
        _ entries: [SyncEntry], then actions: [ContainerAction], in container: String, greets: Bool
    ) throws(Stop) -> SyncReceipt {
        if greets { try greet() }
        let program = link.sumsBy
        let list: SyncItems
        do throws(SyncError) { list = try SyncItems(entries) } catch { throw .error(error) }
        receipt.vanished = list.vanished
        receipt.skipped = list.skipped
        var items = list.items[...]
        while !items.isEmpty {
            var round: SyncRound
            do throws(SyncError) { round = try SyncRound(takingFrom: &items, summedBy: program) } catch {
                throw .error(error)
            }
            receipt.vanished += round.vanished
            let answer = try ask(round.script) { buffer throws(SyncError) in try round.read(into: buffer) }
            do throws(SyncError) { try judge(round, answer) } catch { throw .error(error) }
            if items.isEmpty {
                items = again[...]
                again = []
            }
        }
        (receipt.failedRun, receipt.undone) = try perform(actions, in: container)
        return receipt
    }

    private func greet() throws(Stop) {
        let answer = try ask(SyncScript.actions + "\n" + SyncScript.prelude) { _ in 0 }
        link.sumsBy = answer.sumsBy
        guard let tool = answer.missingTools.first else { return }
        throw .interrupted(.impossible(SyncReason(.noTool, "the container has no \(tool)")))
    }

    func ask(
        _ script: String, archive: (UnsafeMutableRawBufferPointer) throws(SyncError) -> Int
    ) throws(Stop) -> SyncAnswer {
        var answer = SyncAnswer(token: link.token)
        var request = SyncScript.request(script, token: link.token)[...]
        do throws(SyncLink.Failure) {
            try link.exchange(&answer) { buffer throws(SyncError) in
                guard !request.isEmpty else { return try archive(buffer) }
                let count = min(buffer.count, request.count)
                request.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                request = request.dropFirst(count)
                return count
            }
        } catch {
            if answer.missingTools.contains("dd") {
                throw .interrupted(
                    .impossible(SyncReason(.noTool, "the container has no dd, or one that does not know fullblock")))
            }
            switch error {
            case .ended: throw .ended(answer.noise)
            case .silent: throw .silent
            case .source(let error): throw .interrupted(error)
            }
        }
        return answer
    }

    /// Counts what has arrived, and notes what is to be sent again.
    private mutating func judge(_ round: SyncRound, _ answer: SyncAnswer) throws(SyncError) {
        func failure(_ path: String) -> SyncError { SyncError(said: Self.reasons(answer.said), about: path) }
        func blocked(_ path: String, locked: SyncAnswer.Mark, occupied: SyncAnswer.Mark) -> SyncError? {
            if answer.marks.contains(occupied) {
                return .failed(SyncReason(.occupied, "\(path) is a folder there, with files that others put into it"))
            }
            guard answer.marks.contains(locked) else { return nil }
            // A file system may be why, and tar tells.
            let error = failure(path)
            if error.reason.kind != .other { return error }
            return .impossible(SyncReason(.noPermission, "the container's user may not write \(path)"))
        }
        for (index, item) in round.removals.enumerated() {
            if answer.marks.contains(.removal(index)) { throw failure(item.path) }
            if answer.marks.contains(.kept(index)) { receipt.kept.append(item.path) }
            receipt.count += 1
        }
        // Where a folder is in the way, nothing was unpacked.
        for (index, file) in round.files.enumerated() where answer.marks.contains(.occupiedFile(index)) {
            if let error = blocked(file.item.path, locked: .lockedFile(index), occupied: .occupiedFile(index)) {
                throw error
            }
        }
        for (index, item) in round.links.enumerated() where answer.marks.contains(.occupiedLink(index)) {
            if let error = blocked(item.path, locked: .lockedLink(index), occupied: .occupiedLink(index)) {
                throw error
            }
        }
        for (index, item) in round.folders.enumerated() {
            if answer.marks.contains(.folder(index)) { throw failure(item.path) }
            receipt.count += 1
        }
        for (index, item) in round.links.enumerated() {
            if answer.marks.contains(.link(index)) {
                throw blocked(item.path, locked: .lockedLink(index), occupied: .occupiedLink(index))
                    ?? failure(item.path)
            }
            receipt.count += 1
        }
        for (index, file) in round.files.enumerated() {
            let path = file.item.path
            let said = SyncScript.isOdd(path) ? answer.oddSums[index] : answer.sums[Array(path.utf8)]
            let hasArrived = said == file.sum && !answer.marks.contains(.file(index))
            if hasArrived && !file.isAltered {
                receipt.count += 1
                receipt.bytes += file.count
                continue
            }
            if !hasArrived {
                if let error = blocked(path, locked: .lockedFile(index), occupied: .occupiedFile(index)) { throw error }
                if !Self.reasons(answer.said).isEmpty { throw failure(path) }
            }
            let count = tries[Array(path.utf8), default: 0] + 1
            tries[Array(path.utf8)] = count
            if file.isAltered && count >= Self.attempts.changing {
                throw .failed(SyncReason(.changing, "\(file.item.source) goes on changing"))
            }
            if !file.isAltered && count >= Self.attempts.altered {
                throw .failed(SyncReason(.altered, "something in the container changes \(path), too"))
            }
            again.append(file.item)
        }
    }

    /// What tar says of owners, times and modes is no reason: the content is what counts, and that was looked at.
    private static func reasons(_ said: [String]) -> [String] {
        let harmless = [
            "Cannot change ownership", "Cannot change mode", "Cannot utime", "Exiting with failure status",
            "time stamp", "s a directory", "Removing leading",
        ]
        return said.filter { line in !line.isEmpty && !harmless.contains { line.contains($0) } }
    }
}
