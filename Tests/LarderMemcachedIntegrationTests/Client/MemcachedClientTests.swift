import LarderMemcached
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct MemcachedClientTests {
    @Test func itemsAreStoredReadChangedAndRemoved() async throws {
        try await withMemcached { memcached in
            let client = memcached.client
            #expect(try await client.get("k") == nil)
            let value: [UInt8] = [0, 13, 10, 255]
            #expect(try await client.set("k", value, clientFlags: 16))
            let item = try #require(try await client.get("k"))
            #expect(item.value == value)
            #expect(item.clientFlags == 16)
            #expect(try await client.set("k", [1], .ifAbsent) == false)
            #expect(try await client.set("k", [2], .ifPresent))
            #expect(try await client.set("k", [3], ifVersion: item.version) == false)
            let changed = try #require(try await client.get("k"))
            #expect(try await client.set("k", [4], ifVersion: changed.version))
            #expect(try await client.get("k")?.value == [4])
            #expect(try await client.delete("k"))
            #expect(try await client.delete("k") == false)
            #expect(try await client.set("k", [5], .ifPresent) == false)
        }
    }

    @Test func countersAndEndsWork() async throws {
        try await withMemcached { memcached in
            let client = memcached.client
            #expect(try await client.increment("n") == nil)
            try await client.set("n", Array("40".utf8))
            #expect(try await client.increment("n", by: 2) == 42)
            #expect(try await client.increment("n", by: -50) == 0)
            #expect(try await client.touch("n", expiresIn: .seconds(100)))
            // A second may just have passed.
            let short = try await memcached.server.command("mg n t")
            #expect(["HD t100", "HD t99"].contains(short))
            #expect(try await client.touch("n", expiresIn: .seconds(40 * 86_400)))
            let left = try await memcached.server.command("mg n t")
            let seconds = try #require(Int(left.dropFirst("HD t".count)))
            #expect((40 * 86_400 - 5...40 * 86_400 + 5).contains(seconds))
            #expect(try await client.touch("n", expiresIn: .zero))
            #expect(try await client.get("n") == nil)
            try await client.set("text", Array("x".utf8))
            let error = await #expect(throws: MemcachedError.self) { try await client.increment("text") }
            #expect(error?.code == .server)
        }
    }

    @Test func keysAreSpreadOverAllServersAndReadFromAllAtOnce() async throws {
        try await withMemcached(servers: 3) { memcached in
            let keys = (0..<300).map { "key\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in keys { group.addTask { try await memcached.client.set(key, Array(key.utf8)) } }
                try await group.waitForAll()
            }
            let items = try await memcached.client.getMany(keys + ["absent"])
            #expect(items.count == 300)
            #expect(items.allSatisfy { Array($0.key.utf8) == $0.value.value })
            for server in memcached.servers {
                let own = keys.filter { memcached.client.server(ofKey: $0) == "\(server.host):\(server.port)" }
                #expect(own.count > 30)
                for key in own { #expect(try await server.command("mg \(key) s") == "HD s\(key.utf8.count)") }
            }
        }
    }

    @Test func manyTasksGetTheirOwnAnswers() async throws {
        try await withMemcached { memcached in
            let client = memcached.client
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask {
                        for round in 0..<40 {
                            let key = "key\(task)"
                            let value = Array("\(task) \(round) \(String(repeating: "x", count: round * 50))".utf8)
                            try await client.set(key, value)
                            let read = try await client.get(key)?.value
                            #expect(read == value)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func cancelledTaskIsFreeAtOnceAndCostsTheConnectionNothing() async throws {
        try await withMemcached { memcached in
            let client = memcached.client
            try await client.set("k", [1])
            let connections = try await memcached.server.command("stats")
            memcached.server.pause()
            let task = Task { try await client.get("k") }
            try await Task.sleep(for: .milliseconds(50))
            let start = ContinuousClock.now
            task.cancel()
            let result = await task.result
            #expect(throws: CancellationError.self) { try result.get() }
            #expect(ContinuousClock.now - start < .seconds(5))
            memcached.server.resume()
            #expect(try await client.get("k")?.value == [1])
            let after = try await memcached.server.command("stats")
            let total = { (text: String) in
                text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("STAT total_connections") }
                    .flatMap { Int($0.split(separator: " ")[2]) } ?? 0
            }
            // Only the one that asked for the statistics is new.
            #expect(total(after) - total(connections) == 1)
        }
    }

    @Test func serverThatHangsCostsATimeoutAndNoMore() async throws {
        let configure = { (configuration: inout MemcachedConfiguration) in
            configuration.requestTimeout = .milliseconds(300)
        }
        try await withMemcached(servers: 1, .init(), configure) { memcached in
            try await memcached.client.set("k", [1])
            memcached.server.pause()
            let start = ContinuousClock.now
            let error = await #expect(throws: MemcachedError.self) { try await memcached.client.get("k") }
            #expect(error?.code == .timedOut)
            #expect(ContinuousClock.now - start >= .milliseconds(290))
            #expect(ContinuousClock.now - start < .seconds(10))
            memcached.server.resume()
            try await Self.eventually { try await memcached.client.get("k")?.value == [1] }
        }
    }

    @Test func silentConnectionIsClosedAfterTheHealthInterval() async throws {
        let configure = { (configuration: inout MemcachedConfiguration) in
            configuration.requestTimeout = .seconds(30)
            configuration.healthCheckInterval = .milliseconds(200)
        }
        try await withMemcached(servers: 1, .init(), configure) { memcached in
            try await memcached.client.set("k", [1])
            memcached.server.pause()
            let error = await #expect(throws: MemcachedError.self) { try await memcached.client.set("k", [2]) }
            #expect(error?.code == .fateUnknown)
            memcached.server.resume()
            try await Self.eventually { try await memcached.client.get("k") != nil }
        }
    }

    @Test func serverThatIsKilledIsUnavailableUntilItIsBack() async throws {
        try await withMemcached { memcached in
            let client = memcached.client
            try await client.set("k", [1])
            await memcached.server.kill()
            let configuration = client.configuration
            await #expect(throws: MemcachedError.self) {
                for _ in 0..<100 {
                    _ = try await client.get("k")
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            #expect(configuration.servers.count == 1)
            try await memcached.server.restart()
            try await Self.eventually { try await client.get("k") == nil }
            #expect(try await client.set("k", [2]))
        }
    }

    @Test func keysAndValuesThatMemcachedRefusesAreErrorsThatSayWhy() async throws {
        try await withMemcached { memcached in
            for key in ["", "a b", "a\n", String(repeating: "k", count: 251)] {
                let error = await #expect(throws: MemcachedError.self) { try await memcached.client.get(key) }
                #expect(error?.code == .invalidKey)
            }
            let large = [UInt8](repeating: 0, count: 2 << 20)
            let error = await #expect(throws: MemcachedError.self) { try await memcached.client.set("k", large) }
            #expect(error?.code == .valueTooLarge)
            let item = try await memcached.client.get("k")
            #expect(item == nil)
        }
    }

    @Test func shutdownLetsCallsUnderWayEnd() async throws {
        try await withMemcached { memcached in
            let client = memcached.client
            try await client.set("k", [1])
            async let reads = withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 { group.addTask { try await client.get("k") != nil } }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(try await reads == 100)
            await client.shutdown()
            let error = await #expect(throws: MemcachedError.self) { try await client.get("k") }
            #expect(error?.code == .shutdown)
        }
    }

    /// Waits until something holds, through errors.
    private static func eventually(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while true {
            if let holds = try? await condition(), holds { return }
            guard ContinuousClock.now < deadline else {
                Issue.record("it did not come to that in time")
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
