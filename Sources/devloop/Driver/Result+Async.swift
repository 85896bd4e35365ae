extension Result where Failure == any Error {
    /// What comes of the body, as the standard library's `init(catching:)` has it of one that does not suspend.
    init(catching body: @Sendable () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
