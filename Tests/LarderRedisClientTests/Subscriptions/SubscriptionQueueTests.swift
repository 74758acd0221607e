import NIOCore
import Testing

@testable import LarderRedisClient

/// What waits for a reader: order, limits, gaps.
@Suite(.timeLimit(.minutes(1))) struct SubscriptionQueueTests {
    /// A queue with what it hears and gives as text.
    struct Bench {
        var queue: SubscriptionQueue

        init(_ limits: RedisSubscriptionBuffer = 100) { self.queue = SubscriptionQueue(limits) }

        mutating func hear(_ messages: String..., under name: Int = 0) {
            var run = MessageRun()
            for text in messages { run.append(RedisMessage(channel: "c", payload: ByteBuffer(string: text))) }
            self.queue.append(Heard(index: name, sound: .messages(run)))
        }

        mutating func interrupt(_ names: Int...) {
            for name in names {
                let error = RedisError(.connectionClosed, message: "lost")
                self.queue.append(Heard(index: name, sound: .turn(.interrupted(error))))
            }
        }

        mutating func resume(_ names: Int...) {
            for name in names { self.queue.append(Heard(index: name, sound: .turn(.resumed))) }
        }

        mutating func end(_ code: RedisError.Code) {
            self.queue.append(Heard(index: 0, sound: .turn(.ended(RedisError(code, message: "over")))))
        }

        mutating func read() -> [String] {
            var words: [String] = []
            while let entry = self.queue.next() {
                switch entry {
                case .messages(let run): words += run.messages.map(\.string)
                case .interrupted: words.append("<interrupted>")
                case .gap: words.append("<gap>")
                }
            }
            if let end = self.queue.end { words.append("<\(end.code)>") }
            return words
        }
    }

    @Test func orderIsKept() {
        var bench = Bench()
        bench.hear("1", "2")
        bench.hear("3", under: 1)
        bench.hear("4")
        #expect(bench.queue.messageCount == 4)
        #expect(bench.read() == ["1", "2", "3", "4"])
        #expect(bench.queue.messageCount == 0)
        #expect(bench.queue.byteCount == 0)
    }

    // MARK: Limits

    @Test func whatFitsIsReadAndThenTheReaderWasTooSlow() {
        var bench = Bench(3)
        bench.hear("1", "2")
        bench.hear("3", "4", "5")
        bench.hear("6")
        #expect(bench.queue.end?.code == .slowReader)
        #expect(bench.queue.end?.message.contains("3 messages") == true)
        #expect(bench.read() == ["1", "2", "3", "<slowReader>"])
        bench.hear("7")
        #expect(bench.read() == ["<slowReader>"])
    }

    @Test func readingMakesRoom() {
        var bench = Bench(3)
        for round in 0..<10 {
            bench.hear("\(round)a", "\(round)b", "\(round)c")
            #expect(bench.read() == ["\(round)a", "\(round)b", "\(round)c"])
        }
    }

    @Test func bytesAreLimitedToo() {
        // Each counts for its payload and the channel's name.
        var bench = Bench(RedisSubscriptionBuffer(messages: 100, bytes: 10))
        bench.hear("1234", "1234")
        #expect(bench.queue.byteCount == 10)
        bench.hear("")
        #expect(bench.queue.end?.message.contains("10 bytes") == true)
        #expect(bench.read() == ["1234", "1234", "<slowReader>"])
    }

    @Test func largeMessagePassesAlone() {
        var bench = Bench(RedisSubscriptionBuffer(messages: 100, bytes: 10))
        bench.hear("more than ten bytes")
        #expect(bench.read() == ["more than ten bytes"])
        bench.hear("more than ten bytes", "x")
        #expect(bench.read() == ["more than ten bytes", "<slowReader>"])
    }

    @Test func nonsensicalLimitsAreRefused() {
        for buffer in [RedisSubscriptionBuffer(messages: 0), .init(bytes: 0), -1] {
            let error = #expect(throws: RedisError.self) { try buffer.validate() }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    // MARK: Gaps

    @Test func gapStandsBetweenWhatCameBeforeAndAfter() {
        var bench = Bench()
        bench.hear("1")
        bench.interrupt(0)
        bench.resume(0)
        bench.hear("2")
        #expect(bench.read() == ["1", "<interrupted>", "<gap>", "2"])
    }

    @Test func namesOfOneConnectionMakeOneGap() {
        var bench = Bench()
        bench.interrupt(0, 1, 2)
        bench.resume(0, 1)
        #expect(bench.read() == ["<interrupted>"])
        bench.resume(2)
        bench.hear("1", under: 1)
        #expect(bench.read() == ["<gap>", "1"])
    }

    @Test func whatIsHeardBeforeTheLastNameIsBackComesAfterAGapOfItsOwn() {
        var bench = Bench()
        bench.interrupt(0, 1)
        bench.resume(0)
        bench.hear("1", under: 0)
        bench.hear("2", under: 0)
        bench.resume(1)
        bench.hear("3", under: 1)
        #expect(bench.read() == ["<interrupted>", "<gap>", "1", "2", "<gap>", "3"])
    }

    @Test func namesThatWereNeverLostNeedNoGap() {
        var bench = Bench()
        bench.interrupt(1)
        bench.hear("1", under: 0)
        bench.resume(1)
        bench.hear("2", under: 0)
        #expect(bench.read() == ["<interrupted>", "1", "<gap>", "2"])
    }

    @Test func nameThatIsLostAgainBeforeTheOthersAreBackIsToldAgain() {
        var bench = Bench()
        bench.interrupt(0, 1)
        bench.resume(0)
        bench.hear("1", under: 0)
        bench.interrupt(0)
        bench.resume(1)
        bench.resume(0)
        #expect(bench.read() == ["<interrupted>", "<gap>", "1", "<interrupted>", "<gap>"])
    }

    @Test func connectionThatComesAndGoesUnreadTakesNoRoom() {
        var bench = Bench(1)
        bench.hear("1")
        for _ in 0..<1000 {
            bench.interrupt(0, 1)
            bench.resume(0, 1)
        }
        #expect(bench.queue.entryCount == 3)
        #expect(bench.read() == ["1", "<interrupted>", "<gap>"])
        for _ in 0..<1000 {
            bench.interrupt(0)
            #expect(bench.queue.next() != nil)
            bench.resume(0)
        }
        #expect(bench.queue.entryCount <= 3)
        bench.interrupt(0)
        #expect(bench.read().last == "<interrupted>")
    }

    @Test func nothingComesAfterTheEnd() {
        var bench = Bench()
        bench.hear("1")
        bench.end(.shutdown)
        bench.hear("2")
        bench.interrupt(0)
        bench.end(.connectionClosed)
        #expect(bench.read() == ["1", "<shutdown>"])
    }
}
