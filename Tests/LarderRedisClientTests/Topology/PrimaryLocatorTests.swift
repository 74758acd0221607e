import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct PrimaryLocatorTests {
    typealias Address = RedisConfiguration.Address

    /// Finds one server after another without asking anybody.
    private struct ScriptedSurvey: ServerSurvey {
        var primaries: [Address]
        var sentinels: [Address] { [] }

        mutating func begin(known: Address?, hint: Address?) -> SurveyStep {
            let next = self.primaries.count > 1 ? self.primaries.removeFirst() : self.primaries[0]
            return SurveyStep(outcome: .found(ServerSet(primary: next)))
        }

        mutating func received(_ answer: Result<ServerAnswer, RedisError>, to question: ServerQuestion) -> SurveyStep {
            SurveyStep()
        }

        mutating func waited() -> SurveyStep { SurveyStep() }
        mutating func prefer(_ sentinel: Address) {}
    }

    @Test func connectionToTheFormerPrimaryThatWasBeingOpenedIsClosed() async throws {
        let (a, b) = (Address.hostname("a"), Address.hostname("b"))
        let connector = try RedisConnector(RedisConfiguration())
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let discovery = ServerDiscovery(
            name: "primary of shop",
            survey: ScriptedSurvey(primaries: [a, b]),
            primaryName: "",
            connector: connector,
            sentinelConnector: connector,
            eventLoop: eventLoop,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        defer { discovery.close() }
        let locator = PrimaryLocator(discovery: discovery, connector: connector, history: ServerHistory())
        let former = try await locator.locate(on: eventLoop).get()
        let closed = Mutex<[String]>([])
        func open(_ connector: RedisConnector, _ name: String) {
            _ = locator.opened(connector, nil) { error in closed.withLock { $0.append("\(name): \(error.code)") } }
        }
        open(former, "first")
        #expect(closed.withLock { $0 } == [])
        // While another one is opened, the other server is found.
        discovery.doubt()
        let present = try await locator.locate(on: eventLoop).get()
        #expect(present.address == b)
        open(former, "second")
        open(present, "third")
        #expect(closed.withLock { $0 } == ["second: connectionClosed"])
    }
}
