import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct PrimaryLocatorTests {
    typealias Address = RedisConfiguration.Address

    /// Which server is the primary.
    private final class Primary: Sendable {
        let address: Mutex<Address>

        init(_ address: Address) { self.address = Mutex(address) }
    }

    /// Finds the primary without asking anybody.
    private struct ScriptedSurvey: ServerSurvey {
        let primary: Primary
        var sentinels: [Address] { [] }

        mutating func begin(known: Address?, hint: Address?) -> SurveyStep {
            SurveyStep(outcome: .found(ServerSet(primary: self.primary.address.withLock { $0 })))
        }

        mutating func received(_ answer: Result<ServerAnswer, RedisError>, to question: ServerQuestion) -> SurveyStep {
            SurveyStep()
        }

        mutating func waited() -> SurveyStep { SurveyStep() }
        mutating func prefer(_ sentinel: Address) {}
    }

    @Test func connectionToTheFormerPrimaryThatWasBeingOpenedIsClosed() async throws {
        let (a, b) = (Address.hostname("a"), Address.hostname("b"))
        let primary = Primary(a)
        let connector = try RedisConnector(RedisConfiguration())
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let discovery = ServerDiscovery(
            name: "primary of shop",
            survey: ScriptedSurvey(primary: primary),
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
        primary.address.withLock { $0 = b }
        discovery.doubt()
        let present = try await locator.locate(on: eventLoop).get()
        #expect(present.address == b)
        open(former, "second")
        open(present, "third")
        #expect(closed.withLock { $0 } == ["second: connectionClosed"])
    }
}
