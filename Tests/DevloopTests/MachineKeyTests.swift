import Foundation
import Runner
import Testing

@testable import devloop

/// The key that hashes of Secrets are made with.
@Suite struct MachineKeyTests {
    private let state = FileManager.default.temporaryDirectory.path + "/devloop-state-" + UUID().uuidString

    private func key() -> [UInt8] { MachineKey.key(environment: ["XDG_STATE_HOME": state]) }

    @Test func itIsMadeOnceAndForTheOwnerOnly() throws {
        defer { try? FileManager.default.removeItem(atPath: state) }
        let first = key()
        #expect(first.count == KeyedHash.keyLength)
        #expect(key() == first)
        let mode = try FileManager.default.attributesOfItem(atPath: "\(state)/devloop/key")[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test func oneThatIsDamagedIsReplaced() throws {
        defer { try? FileManager.default.removeItem(atPath: state) }
        let first = key()
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(state)/devloop/key"))
        let second = key()
        #expect(second.count == KeyedHash.keyLength)
        #expect(second != first)
        #expect(key() == second)
    }

    @Test func withoutAHomeEachRunHasItsOwn() {
        #expect(MachineKey.key(environment: [:]) != MachineKey.key(environment: [:]))
    }
}
