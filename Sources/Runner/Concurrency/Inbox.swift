/// What a loop has to handle, from those who find it out: in order, nothing dropped, and not more of it than there is
/// room for. While it is full, a thread that reads what a program prints is held up, and so the program is; a task is
/// suspended.
final class Inbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isFinished = false
    }

    private let limit: Int
    private let state = Monitor(State())
    /// Changes with each element that comes or goes.
    private let changes = Latest(())

    /// - Parameter limit: how many elements may wait.
    init(limit: Int = 64) { self.limit = limit }

    /// Blocks the thread while there is no room.
    @available(*, noasync, message: "blocks: tasks use send")
    func put(_ element: Element) {
        _ = state.wait { add(element, to: &$0) }
        changes.set(())
    }

    /// Waits while there is no room. What is sent when the task is cancelled may be lost.
    func send(_ element: Element) async {
        while true {
            let version = changes.current.version
            if state.withLock({ add(element, to: &$0) }) != nil { return changes.set(()) }
            if Task.isCancelled { return }
            await changes.changed(since: version)
        }
    }

    /// The next element; `nil` after the last one, and where the task is cancelled. There is one receiver.
    func next() async -> Element? {
        while !Task.isCancelled {
            let version = changes.current.version
            let (element, isFinished) = state.withLock { state in
                (state.elements.isEmpty ? nil : state.elements.removeFirst(), state.isFinished)
            }
            if let element {
                changes.set(())
                return element
            }
            if isFinished { return nil }
            await changes.changed(since: version)
        }
        return nil
    }

    /// What is put or sent from now on is let go, and whoever waits for room goes on.
    func finish() {
        state.withLock { $0.isFinished = true }
        changes.set(())
    }

    /// - Returns: `nil` while there is no room.
    private func add(_ element: Element, to state: inout State) -> Void? {
        if state.isFinished { return () }
        guard state.elements.count < limit else { return nil }
        return state.elements.append(element)
    }
}
