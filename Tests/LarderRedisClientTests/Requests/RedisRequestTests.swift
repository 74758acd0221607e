import Testing

@testable import LarderRedisClient

@Suite("Requests, pipelines, scripts, scans", .timeLimit(.minutes(1)))
struct RedisRequestTests {
    @Test func methodAndRequestSendTheSame() async throws {
        let sender = ScriptedSender { _ in .bulk("7") }
        let first = try await sender.get("k", as: Int.self)
        let second = try await sender.send(.get("k", as: Int.self))
        #expect(first == 7)
        #expect(second == 7)
        #expect(sender.sent == [["GET", "k"], ["GET", "k"]])
    }

    @Test func pipelineReturnsEachResponseWithItsType() async throws {
        let sender = ScriptedSender { words in words[0] == "GET" ? .bulk("x") : .integer(4) }
        let (title, visits, gone) = try await sender.pipeline(.get("t", as: String.self), .incr("v"), .del(["a"]))
        #expect(title == "x")
        #expect(visits == 4)
        #expect(gone == 4)
    }

    @Test func pipelineThrowsTheFirstErrorAfterAllWereSent() async {
        let sender = ScriptedSender { words in
            words[0] == "INCR" ? .error(RedisServerError("WRONGTYPE no number")) : .simpleString("OK")
        }
        let error = await #expect(throws: RedisError.self) {
            try await sender.pipeline(.incr("a"), .set("b", 1))
        }
        #expect(error?.code == .server("WRONGTYPE"))
        #expect(error?.command == "INCR")
        #expect(sender.sent.count == 2)
    }

    @Test func pipelineOfManyGivesEachItsResult() async throws {
        let sender = ScriptedSender { words in
            words[1] == "b" ? .error(RedisServerError("WRONGTYPE no string")) : .bulk(words[1])
        }
        let requests = ["a", "b", "c"].map { RedisRequest<String?>.get($0, as: String.self) }
        let results = try await sender.pipeline(requests)
        #expect(try results[0].get() == "a")
        #expect(throws: RedisError.self) { try results[1].get() }
        #expect(try results[2].get() == "c")
        #expect(try await sender.pipeline([RedisRequest<Int>]()).isEmpty)
    }

    @Test func mappedRequestTransformsItsResponse() throws {
        let request: RedisRequest<Int> = .incr("k")
        let mapped = request.map { "\($0)!" }
        #expect(try mapped.decode(.integer(3)) == "3!")
        #expect(mapped.command.line == "INCR k")
    }

    @Test func scriptIsSentByItsHash() async throws {
        let script = RedisScript("return 1")
        let sender = ScriptedSender { _ in .integer(1) }
        #expect(try await script.run(keys: ["k"], arguments: ["a"], on: sender, as: Int.self) == 1)
        #expect(sender.sent == [["EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "1", "k", "a"]])
    }

    @Test func unknownScriptIsSentInFull() async throws {
        let script = RedisScript("return ARGV[1]")
        let sender = ScriptedSender { words in
            words[0] == "EVALSHA" ? .error(RedisServerError("NOSCRIPT No matching script.")) : .bulk(words[4])
        }
        #expect(try await script.run(keys: ["k"], arguments: 5, "b", on: sender, as: String.self) == "5")
        #expect(
            sender.sent == [
                ["EVALSHA", script.sha1, "1", "k", "5", "b"], ["EVAL", script.source, "1", "k", "5", "b"],
            ]
        )
    }

    @Test func scriptThatFailsIsNotSentAgain() async {
        let sender = ScriptedSender { _ in .error(RedisServerError("ERR user_script:1: oops")) }
        await #expect(throws: RedisError.self) { try await RedisScript("oops").run(on: sender) }
        #expect(sender.sent.count == 1)
    }

    @Test func readOnlyScriptMayBeRepeated() {
        let script = RedisScript("return 1", isReadOnly: true)
        #expect(script.request().command.name == "EVALSHA_RO")
        #expect(script.request().command.isRepeatable)
        #expect(!RedisScript("return 1").request().command.isRepeatable)
    }

    @Test func unknownScriptInAPipelineIsSentAgainAlone() async throws {
        let script = RedisScript("return 9")
        let sender = ScriptedSender { words in
            switch words[0] {
            case "EVALSHA": .error(RedisServerError("NOSCRIPT No matching script."))
            case "EVAL": .integer(9)
            default: .integer(1)
            }
        }
        let (one, nine, two) = try await sender.pipeline(.incr("a"), script.request(as: Int.self), .incr("b"))
        #expect([one, nine, two] == [1, 9, 1])
        #expect(sender.sent.map { $0[0] } == ["INCR", "EVALSHA", "INCR", "EVAL"])
    }

    @Test func transactionSendsScriptsInFull() async throws {
        let script = RedisScript("return 9")
        let sender = ScriptedSender { words in
            words[0] == "EXEC"
                ? .array([.integer(9), .integer(2)]) : .simpleString(words[0] == "MULTI" ? "OK" : "QUEUED")
        }
        let (nine, two) = try await sender.transaction(script.request(as: Int.self), .incr("b"))
        #expect(nine == 9)
        #expect(two == 2)
        #expect(sender.sent.map { $0[0] } == ["MULTI", "EVAL", "INCR", "EXEC"])
    }

    @Test func refusedTransactionThrowsTheErrorOfTheRefusedCommand() async {
        let sender = ScriptedSender { words in
            switch words[0] {
            case "EXEC": .error(RedisServerError("EXECABORT Transaction discarded because of previous errors."))
            case "NONSENSE": .error(RedisServerError("ERR unknown command"))
            default: .simpleString("OK")
            }
        }
        let error = await #expect(throws: RedisError.self) {
            try await sender.transaction([RedisCommand("INCR", "a"), RedisCommand("NONSENSE")])
        }
        #expect(error?.code == .server("ERR"))
        #expect(error?.command == "NONSENSE")
    }

    @Test func transactionGivesEachCommandItsResult() async throws {
        let sender = ScriptedSender { words in
            guard words[0] == "EXEC" else { return .simpleString("QUEUED") }
            return .array([.error(RedisServerError("WRONGTYPE no")), .integer(2)])
        }
        let replies = try await sender.transaction([RedisCommand("INCR", "a"), RedisCommand("INCR", "b")])
        #expect(throws: RedisError.self) { try replies[0].get() }
        #expect(try replies[1].get() == .integer(2))
        let error = await #expect(throws: RedisError.self) { try await sender.transaction(.incr("a"), .incr("b")) }
        #expect(error?.command == "INCR")
    }

    @Test func shortOrStrangeRepliesAreErrorsAndNoCrash() async {
        let sender = ScriptedSender { _ in .array([]) }
        await #expect(throws: RedisError.self) { try await sender.transaction(.incr("a")) }
        await #expect(throws: RedisError.self) { for try await _ in sender.scan() {} }
        let strange = ScriptedSender { words in words[0] == "EXEC" ? .integer(1) : .null }
        await #expect(throws: RedisError.self) { try await strange.transaction(.incr("a")) }
    }

    @Test func scanFollowsTheCursorOverEmptyPages() async throws {
        let sender = ScriptedSender { words in
            switch words[1] {
            case "0": .array([.bulk("17"), .array([.bulk("a"), .bulk("b")])])
            case "17": .array([.bulk("18446744073709551615"), .array([])])
            case "18446744073709551615": .array([.bulk("0"), .array([.bulk("c")])])
            default: .null
            }
        }
        var keys: [String] = []
        for try await key in sender.scan(matching: "x*", type: .hash, count: 10) { keys.append(key) }
        #expect(keys == ["a", "b", "c"])
        #expect(sender.sent.count == 3)
        #expect(sender.sent[0] == ["SCAN", "0", "MATCH", "x*", "COUNT", "10", "TYPE", "hash"])
        var pages: [[String]] = []
        for try await page in sender.scan().pages { pages.append(page) }
        #expect(pages == [["a", "b"], [], ["c"]])
    }
}
