import Foundation
import LarderTesting
import Logging
import Testing

@testable import Larder

/// Invalidations during an outage, under `.replay` with a file, which outlives the process.
@Suite(.timeLimit(.minutes(10))) struct InvalidationReplayFileTests {
    private let key = CacheKey<Int>("k")
    /// Stands still, so that no replay is late on a busy machine.
    private let clock = CacheClock(ManualClock())
    private let quiet = Logger(label: "test") { _ in NoLog() }

    private static func defaults(limit: Int = 100, path: String) -> CacheDefaults {
        CacheDefaults(failurePolicy: .throwing, invalidationPolicy: .replay(limit: limit, path: path))
    }

    private func withFile(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "larder-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appending(path: "invalidations").path)
    }

    /// Runs `body` with a cache on the file and returns when the file is free again, as after the process' end.
    private func withProcess(
        on store: some CacheStore,
        _ path: String,
        limit: Int = 100,
        _ body: (Cache) async throws -> Void
    ) async throws {
        weak var ended: Cache?
        do {
            let defaults = Self.defaults(limit: limit, path: path)
            let cache = Cache(store, namespace: "ns", defaults: defaults, clock: self.clock, logger: self.quiet)
            ended = cache
            try await body(cache)
            try await eventually("its tasks have ended") { cache.flights.taskCount == 0 }
        }
        try await eventually("the file is free") {
            ended == nil && (try? InvalidationFile(path, namespace: "ns")) != nil
        }
    }

    @Test func whatIsKeptOutlivesTheProcess() async throws {
        try await self.withFile { path in
            let store = RecordingStore()
            store.isFailing = true
            try await self.withProcess(on: store, path) { cache in
                try await cache.remove(CacheKey<Int>("a"))
                try await cache.space.invalidate(["t"], .dead)
                await expectError(.unavailable) { try await cache.set("b", to: 1) }
            }
            try await self.withProcess(on: store, path) { cache in
                guard case .unknown = cache.space.readNow(StoreKey(version: 1, name: "a")) else {
                    Issue.record("answered before the file was read")
                    return
                }
                await expectError(.unavailable) { try await cache.get(self.key) }
                #expect(cache.pendingInvalidations == 3)
            }
            #expect(store.heard == [])
            store.isFailing = false
            try await self.withProcess(on: store, path) { cache in
                _ = try await cache.contains(self.key)
                #expect(cache.pendingInvalidations == 0)
                #expect(store.heard == ["remove a b", "invalidate t", "read k"])
            }
            #expect(try Data(contentsOf: URL(filePath: path)).isEmpty)
            try await self.withProcess(on: store, path) { cache in
                _ = try await cache.contains(self.key)
                #expect(store.heard.suffix(2) == ["read k", "read k"])
            }
        }
    }

    @Test func fileStaysShortHoweverLongTheOutage() async throws {
        try await self.withFile { path in
            let store = RecordingStore()
            store.isFailing = true
            try await self.withProcess(on: store, path, limit: 5) { cache in
                try await cache.clear()
                for index in 0..<50 { try await cache.remove(CacheKey<Int>("k\(index)")) }
                #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 2)
            }
            let log = InvalidationLog(.init(limit: 5, path: path), namespace: "ns", logger: self.quiet)
            let cause = CacheError(.unavailable, "gone")
            for round in 0..<200 {
                // A replay that comes halfway, again and again.
                let batch = try await log.takeBatch()
                #expect(batch != nil)
                try await log.batchEnded(isDone: true)
                try await log.keep([.key(StoreKey(version: 1, name: "\(round)"))], because: cause)
                try await log.keep([.tag("\(round)", .dead)], because: cause)
                if log.count > 3 {
                    _ = try await log.takeBatch()
                    try await log.batchEnded(isDone: true)
                }
                let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
                #expect(lines <= 112)
            }
        }
    }

    @Test func fileThatCannotBeUsedIsAnErrorAndNotSilence() async throws {
        try await self.withFile { path in
            try Data("precious\n".utf8).write(to: URL(filePath: path))
            try await withCache(.remote, Self.defaults(path: path)) { subject in
                // Nobody knows what of the store is true, so it is as good as unavailable.
                await expectError(.unavailable) { try await subject.cache.get(self.key) }
                try await #expect(subject.cache.fetch(self.key, filling: 7, onFailure: .missing) == 7)
                await expectError(.fileFailed) { try await subject.cache.remove(self.key) }
                #expect(subject.faults.calls.isEmpty)
                #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious\n".utf8))
                try FileManager.default.removeItem(atPath: path)
                try await #expect(subject.cache.get(self.key) == nil)
                subject.faults.fail()
                // The other cache wants the same file.
                let error = await #expect(throws: CacheError.self) { _ = try await subject.other.remove(self.key) }
                #expect(error?.code == .fileFailed)
                #expect(error?.message.contains("two cannot share") == true)
            }
        }
    }
}
