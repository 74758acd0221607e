import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct InvalidationCoverageTests {
    struct Bench {
        var coverage = InvalidationCoverage()

        init(_ names: String...) { _ = self.coverage.replace(with: Set(names)) }

        mutating func take(_ event: InvalidationEvent, from name: String) -> [String] {
            self.coverage.take(event, from: name).map(Self.text)
        }

        mutating func replace(_ names: String...) -> (added: Set<String>, removed: Set<String>, events: [String]) {
            let change = self.coverage.replace(with: Set(names))
            return (change.added, change.removed, change.events.map(Self.text))
        }

        static func text(_ event: FeedEvent) -> String {
            switch event {
            case .changed(let names): "changed " + names.map { String(buffer: $0) }.joined(separator: " ")
            case .lost: "lost"
            case .unreachable: "unreachable"
            default: "\(event)"
            }
        }

        static let error = RedisError(.connectionClosed, message: "gone")
        static func changed(_ name: String) -> InvalidationEvent { .changed([ByteBuffer(string: name)]) }
    }

    @Test func onePrimaryIsEnoughWhereThereIsOne() {
        var feed = Bench("a")
        #expect(feed.take(.unreachable(Bench.error), from: "a") == ["unreachable"])
        #expect(feed.take(.live, from: "a") == ["covered"])
        #expect(feed.take(Bench.changed("k"), from: "a") == ["changed k"])
        #expect(feed.take(.flushed, from: "a") == ["flushed"])
        #expect(feed.take(.lost(Bench.error), from: "a") == ["lost"])
        #expect(feed.take(.live, from: "a") == ["covered"])
    }

    @Test func coversOnlyWhenEveryPrimaryIsHeard() {
        var feed = Bench("a", "b", "c")
        #expect(feed.take(.live, from: "a") == [])
        #expect(feed.take(.live, from: "b") == [])
        // Nothing is kept yet, so there is nothing to forget.
        #expect(feed.take(Bench.changed("k"), from: "a") == [])
        #expect(feed.take(.flushed, from: "a") == [])
        #expect(feed.take(.live, from: "c") == ["covered"])
        #expect(feed.take(.lost(Bench.error), from: "b") == ["lost"])
        #expect(feed.take(.lost(Bench.error), from: "c") == [], "it is told once")
        #expect(feed.take(.live, from: "b") == [])
        #expect(feed.take(.live, from: "c") == ["covered"])
    }

    @Test func silenceOfOneIsDoubtAboutAll() {
        var feed = Bench("a", "b")
        _ = feed.take(.live, from: "a")
        _ = feed.take(.live, from: "b")
        #expect(feed.take(.silent, from: "a") == ["doubtful"])
        #expect(feed.take(.silent, from: "b") == [])
        #expect(feed.take(Bench.changed("k"), from: "a") == ["changed k"])
        #expect(feed.take(.resumed, from: "a") == [])
        #expect(feed.take(.resumed, from: "b") == ["resumed"])
        #expect(feed.take(.silent, from: "a") == ["doubtful"])
        #expect(feed.take(.lost(Bench.error), from: "a") == ["lost"])
        #expect(feed.take(.live, from: "a") == ["covered"])
    }

    @Test func silentPrimaryCoversNothingNew() {
        var feed = Bench("a", "b")
        _ = feed.take(.live, from: "a")
        #expect(feed.take(.silent, from: "a") == [])
        #expect(feed.take(.live, from: "b") == [])
        #expect(feed.take(.resumed, from: "a") == ["covered"])
    }

    @Test func otherPrimariesLeaveNothingCoveredUntilAllAreHeard() {
        var feed = Bench("a", "b")
        _ = feed.take(.live, from: "a")
        _ = feed.take(.live, from: "b")
        #expect(feed.replace("a", "b") == ([], [], []))
        #expect(feed.replace("a", "c") == (["c"], ["b"], ["lost"]))
        #expect(feed.take(Bench.changed("k"), from: "b") == [])
        #expect(feed.take(.live, from: "b") == [])
        #expect(feed.take(.live, from: "c") == ["covered"])
        // One fewer: its keys are elsewhere now, and what was heard before says nothing of those.
        #expect(feed.replace("c") == ([], ["a"], ["lost", "covered"]))
        #expect(feed.replace() == ([], ["c"], ["lost"]))
    }

    @Test func withoutPrimariesNothingIsCovered() {
        var feed = Bench()
        #expect(feed.take(.live, from: "a") == [])
        #expect(feed.replace("a") == (["a"], [], []))
        #expect(feed.take(.live, from: "a") == ["covered"])
    }
}

private func == (
    left: (added: Set<String>, removed: Set<String>, events: [String]),
    right: (Set<String>, Set<String>, [String])
) -> Bool {
    left.added == right.0 && left.removed == right.1 && left.events == right.2
}
