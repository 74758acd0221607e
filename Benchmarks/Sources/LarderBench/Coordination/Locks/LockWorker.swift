import ArgumentParser
import Foundation
import Larder
import LarderRedis
import LarderRedisClient

/// `larder-bench lock-worker`: a process whose tasks run sections under one lock until there have been enough.
struct LockWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "lock-worker", shouldDisplay: false)

    @Option(help: "The server.")
    var url: String

    @Option(help: "Where to note what happens.")
    var records: String

    @Option(help: "How many tasks.")
    var tasks: Int

    @Option(help: "How many sections all processes run together.")
    var sections: Int

    @Option(help: "How long a lease is, in milliseconds.")
    var lease: Int

    @Option(help: "Every so manieth section takes long, and says whose it is; none if it is 0.")
    var longEvery: Int

    static let lock = "lock"
    static let namespace: CacheNamespace = "bench"
    static let counter = "sections"
    static let longHolder = "long-holder"
    static let longMilliseconds = 400

    func run() async throws {
        var configuration = try RedisConfiguration(url: self.url)
        // Shorter than the lease, so that a renewal can be tried again within it.
        configuration.commandTimeout = .milliseconds(max(200, self.lease / 3))
        let client = try RedisClient(configuration)
        let records = try LockRecordFile(path: self.records)
        let store = RecordingLockStore(base: RedisLockStore(client), records: records)
        let locks = Locks(store, namespace: Self.namespace)
        _ = try await client.send(RedisCommand("PING"))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<self.tasks {
                group.addTask { await self.work(locks, client, records) }
            }
        }
        await client.shutdown()
    }

    /// A section that ran.
    private struct Section: Sendable {
        var token: FencingToken
        var number: Int
        var began: UInt64
        var ended: UInt64
    }

    /// Runs sections until there have been enough, or the process that started this one is gone.
    private func work(_ locks: Locks, _ client: RedisClient, _ records: LockRecordFile) async {
        let value = locks.fencedValue("value", of: String.self)
        while getppid() != 1 {
            do {
                let section = try await locks.withLock(
                    Self.lock,
                    lease: .milliseconds(self.lease),
                    wait: .seconds(600)
                ) { token in try await self.section(token, value, client, records) }
                // Only now it is known that it held its lock to the end.
                try records.note(
                    .section(token: section.token.rawValue, began: section.began, ended: section.ended)
                )
                if section.number >= self.sections { return }
            } catch let error as CacheError where error.code == .lockLost {
                records.noteIfPossible(.lost)
            } catch {
                records.noteIfPossible(.failed("\(error)"))
                // Not at once again, whatever it was.
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    private func section(
        _ token: FencingToken,
        _ value: FencedValue<String>,
        _ client: RedisClient,
        _ records: LockRecordFile
    ) async throws -> Section {
        let began = SystemTime.nanoseconds
        let result: Result<Int, any Error>
        do {
            try await self.write(token, value, records)
            let number = try await client.send(RedisCommand("INCR", Self.counter), as: Int.self)
            if self.longEvery > 0, number % self.longEvery == 0 {
                let command = RedisCommand("SET", Self.longHolder, "\(getpid())", "PX", "\(Self.longMilliseconds)")
                _ = try await client.send(command)
                try await Task.sleep(for: .milliseconds(Self.longMilliseconds))
            }
            result = .success(number)
        } catch {
            result = .failure(error)
        }
        // One that was stopped writes all the same, as code does that does not look whether it was cancelled. What comes of it
        // is noted, unless the server cannot be reached.
        await Task { try? await self.write(token, value, records) }.value
        return Section(token: token, number: try result.get(), began: began, ended: SystemTime.nanoseconds)
    }

    private func write(_ token: FencingToken, _ value: FencedValue<String>, _ records: LockRecordFile) async throws {
        let sent = SystemTime.nanoseconds
        do {
            try await value.set("\(getpid())", token: token)
            let received = SystemTime.nanoseconds
            try records.note(.write(token: token.rawValue, sent: sent, received: received, isAccepted: true))
        } catch let error as CacheError where error.code == .staleToken {
            let received = SystemTime.nanoseconds
            try records.note(.write(token: token.rawValue, sent: sent, received: received, isAccepted: false))
        }
    }
}
