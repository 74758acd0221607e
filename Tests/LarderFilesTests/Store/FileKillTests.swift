import Larder
import LarderFiles
import StoreKills
import Testing

/// `kill -9` of a writing process.
@Suite(.timeLimit(.minutes(5))) struct FileKillTests {
    @Test func twoHundredKilledWritersTearNothingAndLoseNothing() async throws {
        let folder = try TemporaryFolder()
        let run = KillRun(kind: "file", path: folder.path) { try folder.store() }
        let outcome = try await run.run(kills: 200)
        #expect(outcome.kills == 200)
        #expect(outcome.acknowledged > 1_000)
        #expect(outcome.values > 1_000)
    }
}
