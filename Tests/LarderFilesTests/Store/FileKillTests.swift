import Larder
import LarderFiles
import StoreKills
import Testing

/// `kill -9` of a writing process.
@Suite(.timeLimit(.minutes(5))) struct FileKillTests {
    @Test func killedWritersTearNothingAndLoseNothing() async throws {
        let folder = try TemporaryFolder()
        let run = KillRun(kind: "file", path: folder.path) { try folder.store() }
        let outcome = try await run.run(kills: KillRun.kills)
        #expect(outcome.kills == KillRun.kills)
        #expect(outcome.acknowledged > 5 * outcome.kills)
        #expect(outcome.values > 5 * outcome.kills)
        print("killed: \(outcome)")
    }
}
