import Larder
import LarderSQLite
import StoreKills
import Testing

/// `kill -9` of a writing process.
@Suite(.timeLimit(.minutes(5))) struct SQLiteKillTests {
    @Test func killedWritersTearNothingAndLoseNothing() async throws {
        let database = try TemporaryDatabase()
        let run = KillRun(kind: "sqlite", path: database.path) { try database.store() }
        let outcome = try await run.run(kills: KillRun.kills)
        #expect(outcome.kills == KillRun.kills)
        #expect(outcome.acknowledged > 5 * outcome.kills)
        #expect(outcome.values > 5 * outcome.kills)
        print("killed: \(outcome)")
    }
}
