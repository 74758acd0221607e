import Larder
import LarderSQLite
import StoreKills
import Testing

/// `kill -9` of a writing process.
@Suite(.timeLimit(.minutes(5))) struct SQLiteKillTests {
    @Test func twoHundredKilledWritersTearNothingAndLoseNothing() async throws {
        let database = try TemporaryDatabase()
        let run = KillRun(kind: "sqlite", path: database.path) { try database.store() }
        let outcome = try await run.run(kills: 200)
        #expect(outcome.kills == 200)
        #expect(outcome.acknowledged > 1_000)
        #expect(outcome.values > 1_000)
    }
}
