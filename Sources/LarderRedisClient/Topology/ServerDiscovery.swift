import Logging
import NIOCore
import Synchronization

/// Finds the servers of a set, again and again: runs `DiscoveryStateMachine` and its survey.
///
/// Questions go out on one event loop, on connections that serve for nothing else, so that a server that is busy or
/// frozen keeps no answer from another.
final class ServerDiscovery: Sendable {
    typealias Address = RedisConfiguration.Address
    typealias Observer = @Sendable (Event) -> Void

    /// What a round has shown.
    enum Event: Sendable {
        /// - Parameter former: What was known before.
        case found(ServerSet, former: ServerSet?)
        /// The primary has said that it is none, and there is no other.
        case lost
    }

    private typealias Waiter = EventLoopPromise<ServerSet>

    private struct State {
        var machine = DiscoveryStateMachine<Waiter>()
        /// Attempts to connect to the primary that are under way.
        var attempts: [ObjectIdentifier: ConnectionAttempt] = [:]
        var observer: Observer?
        var nextID: UInt64 = 0
        var sentinels: [Address] = []
    }

    /// What only the event loop touches.
    private struct LoopState {
        var survey: any ServerSurvey
        var round = 0
        /// How often the round's survey may still be told that time has passed.
        var wakesLeft = 0
        var wake: Scheduled<Void>?
        var due: Scheduled<Void>?
        var check: Scheduled<Void>?
    }

    /// After how many milliseconds somebody else is asked, too.
    private static var hesitation: Int64 { 100 }

    /// What is looked for, for errors and logs.
    let name: String
    /// Makes connections to the servers of the set.
    let connector: RedisConnector
    private let questioner: RedisConnector
    private let sentinelQuestioner: RedisConnector
    private let primaryName: String
    private let logger: Logger
    let eventLoop: any EventLoop
    private let state: Mutex<State>
    private let loop: NIOLoopBoundBox<LoopState>

    /// Asks nobody yet.
    ///
    /// - Parameters:
    ///   - name: What is looked for, for errors and logs.
    ///   - survey: How to ask.
    ///   - primaryName: The name under which sentinels know the set.
    ///   - connector: Makes connections to the servers of the set.
    ///   - sentinelConnector: Makes connections to sentinels.
    ///   - eventLoop: Where questions are asked.
    ///   - logger: Hears of changes and of trouble.
    init(
        name: String,
        survey: any ServerSurvey,
        primaryName: String,
        connector: RedisConnector,
        sentinelConnector: RedisConnector,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.name = name
        self.primaryName = primaryName
        self.connector = connector
        // Which database commands go to is of no importance here, and not every user may select it.
        self.questioner = connector.with(ConnectionPurpose()).with { $0.database = 0 }
        self.sentinelQuestioner = sentinelConnector
        self.eventLoop = eventLoop
        self.logger = logger
        self.state = Mutex(State(sentinels: survey.sentinels))
        self.loop = .makeBoxSendingValue(LoopState(survey: survey), eventLoop: eventLoop)
    }

    /// What is known, whether doubted or not.
    var known: ServerSet? { self.state.withLock { $0.machine.known } }

    /// The sentinels that are known, the one that was last of use first.
    var sentinels: [Address] { self.state.withLock { $0.sentinels } }

    /// Why no primary was found of late.
    var trouble: RedisError? { self.state.withLock { $0.machine.trouble } }

    /// Sets who hears of what rounds have shown, on the event loop.
    func observe(_ observer: @escaping Observer) {
        self.state.withLock { $0.observer = observer }
    }

    // MARK: Wanting and doubting

    /// The primary, once it is known, at the latest when the time to connect is over.
    func primary(on eventLoop: any EventLoop) -> EventLoopFuture<ServerSet> {
        let promise = eventLoop.makePromise(of: ServerSet.self)
        let (id, want) = self.state.withLock { state in
            state.nextID += 1
            return (state.nextID, state.machine.want(state.nextID, promise, at: .now, chance: .random(in: 0...1)))
        }
        switch want {
        case .found(let set): promise.succeed(set)
        case .refused(let error): promise.fail(error)
        case .waiting(let action):
            let timeout = self.connector.configuration.connectTimeout
            let timer = eventLoop.scheduleTask(in: TimeAmount(timeout)) {
                guard let promise = self.state.withLock({ $0.machine.leave(id) }) else { return }
                promise.fail(
                    self.error(.connectionFailed, "no primary was found within \(timeout)", underlying: self.trouble)
                )
            }
            promise.futureResult.whenComplete { _ in timer.cancel() }
            self.perform(action)
        }
        return promise.futureResult
    }

    /// The primary did not answer as one, or could not be reached.
    ///
    /// - Parameter address: Who could not be reached; nil where a server has answered that it is no primary.
    func doubt(_ address: Address? = nil) {
        self.perform(self.state.withLock { $0.machine.doubt(address, at: .now, chance: .random(in: 0...1)) })
    }

    /// A sentinel has announced a new primary.
    func announced(_ address: Address, by sentinel: Address) {
        let action = self.state.withLock { $0.machine.announced(address, at: .now) }
        guard action != .nothing else { return }
        self.logger.info(
            "a new primary was announced",
            metadata: ["redis.server": "\(self.name)", "redis.primary": "\(address)"]
        )
        self.eventLoop.execute {
            // It knows what others may not know yet.
            self.loop.value.survey.prefer(sentinel)
            self.performOnLoop(action)
        }
    }

    /// Begins an attempt to connect to the primary.
    func begin(_ address: Address) -> ConnectionAttempt {
        let attempt = ConnectionAttempt(to: address)
        let isOutdated = self.state.withLock { state in
            state.attempts[ObjectIdentifier(attempt)] = attempt
            return state.machine.known?.primary != address
        }
        if isOutdated { attempt.abandon(self.changeError) }
        return attempt
    }

    /// Ends it.
    func ended(_ attempt: ConnectionAttempt) {
        self.state.withLock { _ = $0.attempts.removeValue(forKey: ObjectIdentifier(attempt)) }
    }

    /// Ends all that is under way, and fails those who wait.
    func close() {
        let error = self.error(.shutdown, "the client was shut down")
        let waiters = self.state.withLock { state in
            state.observer = nil
            return state.machine.close(error)
        }
        for waiter in waiters { waiter.fail(error) }
        self.eventLoop.execute {
            self.loop.value.wake?.cancel()
            self.loop.value.due?.cancel()
            self.loop.value.check?.cancel()
        }
    }

    // MARK: Rounds

    private func perform(_ action: DiscoveryStateMachine<Waiter>.Action) {
        guard action != .nothing else { return }
        if self.eventLoop.inEventLoop {
            self.performOnLoop(action)
        } else {
            self.eventLoop.execute { self.performOnLoop(action) }
        }
    }

    private func performOnLoop(_ action: DiscoveryStateMachine<Waiter>.Action) {
        guard case .begin(let round, let pause) = action else { return }
        self.loop.value.due?.cancel()
        if pause == 0 {
            self.begin(round)
        } else {
            self.loop.value.due = self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(pause)) {
                self.begin(round)
            }
        }
    }

    private func begin(_ round: Int) {
        guard let (known, hint) = self.state.withLock({ $0.machine.begins(round) }) else { return }
        self.loop.value.round = round
        let timeout = self.connector.configuration.connectTimeout.wholeNanoseconds
        self.loop.value.wakesLeft = Int(timeout / (Self.hesitation * 1_000_000))
        let step = self.loop.value.survey.begin(known: known, hint: hint)
        self.scheduleWake(round)
        self.perform(step, round)
    }

    private func scheduleWake(_ round: Int) {
        self.loop.value.wake?.cancel()
        // The last questions have to end, too; else a round with somebody silent in it would never be over.
        guard self.loop.value.wakesLeft > 0 else { return }
        self.loop.value.wakesLeft -= 1
        self.loop.value.wake = self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.hesitation)) {
            guard self.state.withLock({ $0.machine.isAsking(round) }) else { return }
            self.scheduleWake(round)
            self.perform(self.loop.value.survey.waited(), round)
        }
    }

    private func perform(_ step: SurveyStep, _ round: Int) {
        if let outcome = step.outcome {
            self.loop.value.wake?.cancel()
            self.ended(round, outcome)
        } else {
            for question in step.ask { self.ask(question, round) }
        }
    }

    private func ask(_ question: ServerQuestion, _ round: Int) {
        let connector =
            switch question {
            case .role(let address): self.questioner.to(address)
            case .sentinel(let address): self.sentinelQuestioner.to(address)
            }
        connector.ask(question.commands(self.primaryName), on: self.eventLoop).assumeIsolated().whenComplete { result in
            // A round that is over wants no more answers.
            guard self.state.withLock({ $0.machine.isAsking(round) }) else { return }
            let answer: Result<ServerAnswer, RedisError>
            switch result {
            case .success(let answers):
                answer = Result { () throws(RedisError) in
                    try ServerAnswer(to: question, answers.replies, answers.identity)
                }
            case .failure(let error):
                answer = .failure(RedisChannelHandler.connectionError(error, server: connector.server))
            }
            self.perform(self.loop.value.survey.received(answer, to: question), round)
        }
    }

    private func ended(_ round: Int, _ outcome: SurveyStep.Outcome) {
        let sentinels = self.loop.value.survey.sentinels
        let (ending, observer, abandoned, wasTroubled) = self.state.withLock { state in
            state.sentinels = sentinels
            let wasTroubled = state.machine.trouble != nil
            let ending = state.machine.ended(round, outcome, at: .now, chance: .random(in: 0...1))
            let abandoned = state.attempts.values.filter { $0.address != state.machine.known?.primary }
            return (ending, state.observer, abandoned, wasTroubled)
        }
        guard let ending else { return }
        for attempt in abandoned { attempt.abandon(self.changeError) }
        self.report(ending, wasTroubled)
        if case .success(let set) = ending.result { observer?(.found(set, former: ending.former)) }
        if ending.closesConnections { observer?(.lost) }
        for waiter in ending.waiters { waiter.completeWith(ending.result.mapError { $0 }) }
        self.performOnLoop(ending.next)
        self.scheduleCheck()
    }

    /// Replicas come and go, and a message may have been missed.
    private func scheduleCheck() {
        guard let interval = self.connector.configuration.healthCheckInterval else { return }
        self.loop.value.check?.cancel()
        guard !self.state.withLock({ $0.machine.isClosed }) else { return }
        let pause = Int64(Double(interval.wholeNanoseconds) * .random(in: 0.75...1))
        self.loop.value.check = self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(pause)) { [weak self] in
            guard let self else { return }
            self.perform(self.state.withLock { $0.machine.check(at: .now, chance: .random(in: 0...1)) })
        }
    }

    private func report(_ ending: DiscoveryStateMachine<Waiter>.Ending, _ wasTroubled: Bool) {
        switch ending.result {
        case .failure(let error):
            // Once for each outage: rounds follow each other closely.
            self.logger.log(
                level: wasTroubled ? .debug : .warning,
                "cannot find the primary",
                metadata: ["redis.server": "\(self.name)", "error": "\(error)"]
            )
        case .success(let set):
            if !set.rivals.isEmpty {
                self.logger.warning(
                    "several servers say that they are the primary",
                    metadata: [
                        "redis.server": "\(self.name)", "redis.primary": "\(set.primary)",
                        "redis.rivals": "\(set.rivals.list)",
                    ]
                )
            }
            if let former = ending.former, former.primary != set.primary {
                self.logger.warning(
                    "the primary has changed",
                    metadata: [
                        "redis.server": "\(self.name)", "redis.primary": "\(set.primary)",
                        "redis.former": "\(former.primary)",
                    ]
                )
            }
        }
    }

    private var changeError: RedisError {
        self.error(.connectionFailed, "another server has become the primary")
    }

    func error(_ code: RedisError.Code, _ message: String, underlying: (any Error)? = nil) -> RedisError {
        RedisError(code, message: message, server: self.name, underlying: underlying)
    }
}
