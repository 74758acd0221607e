import LarderTesting
import NIOCore
import Testing

@testable import LarderRedisClient

/// Rounds of questions to sentinels, driven by hand.
@Suite(.timeLimit(.minutes(1))) struct SentinelSurveyTests {
    typealias Address = RedisConfiguration.Address

    static let first = Address.hostname("s1", port: 26_379)
    static let second = Address.hostname("s2", port: 26_379)
    static let third = Address.hostname("s3", port: 26_379)
    static let a = Address.hostname("a")
    static let b = Address.hostname("b")

    static let identity = ServerIdentity(runID: "id", replicationID: "r", isPrimary: true)
    static let isPrimary = Result<ServerAnswer, RedisError>.success(.role(.primary(offset: 0, replicas: []), identity))
    static let isReplica = Result<ServerAnswer, RedisError>.success(
        .role(.replica(host: "x", port: 1, state: "connected", offset: 0), nil)
    )

    static func names(
        _ primary: Address?,
        epoch: Int = 1,
        replicas: [Address] = [],
        sentinels: [Address] = []
    ) -> Result<ServerAnswer, RedisError> {
        .success(.sentinel(.init(primary: primary, epoch: epoch, replicas: replicas, sentinels: sentinels)))
    }

    static func survey(_ sentinels: [Address] = [first, second]) -> SentinelSurvey {
        SentinelSurvey(sentinels, primaryName: "shop")
    }

    @Test func addressOfTheFirstSentinelCountsOnceTheServerHasSaidThatItIsThePrimary() {
        var survey = Self.survey()
        #expect(survey.begin(known: nil, hint: nil).ask == [.sentinel(Self.first)])
        let step = survey.received(Self.names(Self.a, replicas: [Self.b]), to: .sentinel(Self.first))
        #expect(step.ask == [.role(Self.a)])
        #expect(step.outcome == nil)
        let set = RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.a)))
        #expect(set == ServerSet(primary: Self.a, identity: Self.identity, replicas: [Self.b]))
    }

    @Test func sentinelThatAnsweredIsAskedFirstAndOthersAreLearned() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        #expect(survey.received(RoleSurveyTests.refused, to: .sentinel(Self.first)).ask == [.sentinel(Self.second)])
        _ = survey.received(Self.names(Self.a, sentinels: [Self.first, Self.third]), to: .sentinel(Self.second))
        _ = survey.received(Self.isPrimary, to: .role(Self.a))
        #expect(survey.sentinels == [Self.second, Self.first, Self.third])
        #expect(survey.begin(known: Self.a, hint: nil).ask == [.sentinel(Self.second)])
        // One that nobody names any more and nobody has configured is forgotten.
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.second))
        #expect(survey.sentinels == [Self.second, Self.first])
    }

    @Test func silentSentinelDoesNotKeepTheNextFromBeingAsked() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        #expect(survey.waited().ask == [.sentinel(Self.second)])
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.second))
        #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.a)))?.primary == Self.a)
    }

    @Test func serverThatIsNoPrimaryOrIsDeadLeadsToTheOtherSentinels() {
        for answer in [Self.isReplica, RoleSurveyTests.refused] {
            var survey = Self.survey()
            _ = survey.begin(known: nil, hint: nil)
            _ = survey.received(Self.names(Self.a), to: .sentinel(Self.first))
            #expect(survey.received(answer, to: .role(Self.a)).ask == [.sentinel(Self.second)])
            #expect(survey.received(Self.names(Self.b), to: .sentinel(Self.second)).ask == [.role(Self.b)])
            #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.b)))?.primary == Self.b)
            #expect(survey.sentinels.first == Self.second)
        }
    }

    @Test func whileTheNamedServerCannotBeUsedTheRoundFailsForNow() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.first))
        _ = survey.received(RoleSurveyTests.refused, to: .role(Self.a))
        let failure = RoleSurveyTests.failure(survey.received(Self.names(Self.a), to: .sentinel(Self.second)))
        #expect(failure?.isFinal == false)
        #expect(failure?.error.code == .connectionFailed)
        #expect(failure?.error.message.contains("\"shop\" is at a:6379") == true)
    }

    @Test func frozenPrimaryDoesNotKeepSentinelsFromBeingAskedAgain() {
        var survey = Self.survey()
        _ = survey.begin(known: Self.a, hint: nil)
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.first))
        #expect(survey.waited().ask == [.sentinel(Self.second)])
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.second))
        guard case .sentinel(let sentinel)? = survey.waited().ask.first else {
            Issue.record("nobody was asked again")
            return
        }
        #expect(survey.received(Self.names(Self.b, epoch: 2), to: .sentinel(sentinel)).ask == [.role(Self.b)])
        #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.b)))?.primary == Self.b)
    }

    @Test func sentinelThatDoesNotKnowOfTheLastElectionCountsForNothing() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.names(Self.b, epoch: 7), to: .sentinel(Self.first))
        _ = survey.received(Self.isPrimary, to: .role(Self.b))
        survey.prefer(Self.second)
        _ = survey.begin(known: Self.b, hint: nil)
        #expect(
            survey.received(Self.names(Self.a, epoch: 6), to: .sentinel(Self.second)).ask == [.sentinel(Self.first)]
        )
        _ = survey.received(Self.names(Self.b, epoch: 7), to: .sentinel(Self.first))
        #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.b)))?.primary == Self.b)
    }

    @Test func sentinelsThatWereAllSetUpAnewAreBelieved() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.names(Self.b, epoch: 7), to: .sentinel(Self.first))
        _ = survey.received(Self.isPrimary, to: .role(Self.b))
        _ = survey.begin(known: Self.b, hint: nil)
        _ = survey.received(Self.names(Self.a, epoch: 0), to: .sentinel(Self.first))
        #expect(survey.received(Self.names(Self.a, epoch: 0), to: .sentinel(Self.second)).ask == [.role(Self.a)])
        #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.a)))?.primary == Self.a)
    }

    @Test func announcedPrimaryCountsWhateverASentinelSaysThatDidNotHearOfIt() {
        var survey = Self.survey()
        #expect(survey.begin(known: Self.a, hint: Self.b).ask == [.role(Self.b), .sentinel(Self.first)])
        #expect(survey.received(Self.isPrimary, to: .role(Self.b)).outcome == nil)
        let set = RoleSurveyTests.found(survey.received(Self.names(Self.a), to: .sentinel(Self.first)))
        #expect(set?.primary == Self.b)
    }

    @Test func announcedPrimaryThatIsNoneLeavesTheWordToTheSentinels() {
        var survey = Self.survey()
        _ = survey.begin(known: Self.a, hint: Self.b)
        _ = survey.received(RoleSurveyTests.refused, to: .role(Self.b))
        #expect(survey.received(Self.names(Self.a), to: .sentinel(Self.first)).ask == [.role(Self.a)])
        #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.a)))?.primary == Self.a)
    }

    @Test func withoutSentinelsThePrimaryThatWasKnownGoesOnBeingSo() {
        var survey = Self.survey()
        _ = survey.begin(known: Self.a, hint: nil)
        _ = survey.received(RoleSurveyTests.refused, to: .sentinel(Self.first))
        #expect(survey.received(RoleSurveyTests.refused, to: .sentinel(Self.second)).ask == [.role(Self.a)])
        #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.a)))?.primary == Self.a)
        // Unless it is none.
        _ = survey.begin(known: Self.a, hint: nil)
        _ = survey.received(RoleSurveyTests.refused, to: .sentinel(Self.first))
        _ = survey.received(RoleSurveyTests.refused, to: .sentinel(Self.second))
        let failure = RoleSurveyTests.failure(survey.received(Self.isReplica, to: .role(Self.a)))
        #expect(failure?.isFinal == true)
        #expect(failure?.error.message.contains("none of the sentinels s1:26379, s2:26379 could be asked") == true)
    }

    @Test func nameThatNoSentinelKnowsIsSaidSo() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.names(nil), to: .sentinel(Self.first))
        let failure = RoleSurveyTests.failure(survey.received(Self.names(nil), to: .sentinel(Self.second)))
        #expect(failure?.isFinal == true)
        #expect(failure?.error.code == .invalidConfiguration)
        #expect(failure?.error.message == "the sentinels s1:26379, s2:26379 know no primary \"shop\"")
    }

    @Test func refusedPasswordOfTheSentinelsIsSaidSoAlsoWhereOthersAreDown() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        let wrong = RedisError(.authenticationFailed, message: "WRONGPASS")
        _ = survey.received(.failure(wrong), to: .sentinel(Self.first))
        let failure = RoleSurveyTests.failure(survey.received(RoleSurveyTests.refused, to: .sentinel(Self.second)))
        #expect(failure?.error.code == .authenticationFailed)
        #expect((failure?.error.underlying as? RedisError)?.server == "s1:26379")
    }

    @Test func refusedPasswordOfTheServerIsSaidSo() {
        var survey = Self.survey([Self.first])
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.first))
        let wrong = RedisError(.authenticationFailed, message: "WRONGPASS")
        let failure = RoleSurveyTests.failure(survey.received(.failure(wrong), to: .role(Self.a)))
        #expect(failure?.isFinal == true)
        #expect(failure?.error.code == .authenticationFailed)
    }

    // MARK: The end of a round

    @Test func formerPrimaryThatAnswersLateDoesNotKeepTheRoundFromEnding() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.first))
        #expect(survey.waited().ask == [.sentinel(Self.second)])
        #expect(survey.received(Self.names(Self.b, epoch: 2), to: .sentinel(Self.second)).ask == [.role(Self.b)])
        #expect(survey.received(RoleSurveyTests.refused, to: .role(Self.b)).outcome == nil)
        // It still takes itself for the primary, and no sentinel does that counts.
        let failure = RoleSurveyTests.failure(survey.received(Self.isPrimary, to: .role(Self.a)))
        #expect(failure?.isFinal == false)
        #expect(failure?.error.message.contains("\"shop\" is at b:6379") == true)
    }

    @Test func formerPrimaryIsNotTakenForThePresentOneBecauseThatIsSlow() {
        var survey = Self.survey()
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.first))
        _ = survey.waited()
        _ = survey.received(Self.names(Self.b, epoch: 2), to: .sentinel(Self.second))
        #expect(survey.received(Self.isPrimary, to: .role(Self.a)).outcome == nil)
        #expect(survey.waited().outcome == nil)
        #expect(RoleSurveyTests.found(survey.received(Self.isPrimary, to: .role(Self.b)))?.primary == Self.b)
    }

    @Test func primaryThatTheSentinelsNameIsAskedAgainBeforeTheRoundFails() {
        var survey = Self.survey([Self.first, Self.second, Self.third])
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.waited()
        _ = survey.received(Self.names(Self.a), to: .sentinel(Self.second))
        #expect(survey.received(RoleSurveyTests.refused, to: .role(Self.a)).ask == [.sentinel(Self.third)])
        _ = survey.received(RoleSurveyTests.refused, to: .sentinel(Self.third))
        // Only the first is silent. What was said of the primary is forgotten, and a sentinel asked again.
        var asked: [ServerQuestion] = []
        while asked.isEmpty { asked = survey.waited().ask }
        for question in asked { _ = survey.received(RoleSurveyTests.refused, to: question) }
        #expect(survey.received(RoleSurveyTests.refused, to: .sentinel(Self.first)).ask == [.role(Self.a)])
        let failure = RoleSurveyTests.failure(survey.received(RoleSurveyTests.refused, to: .role(Self.a)))
        #expect(failure?.isFinal == false)
        #expect(failure?.error.message.contains("cannot be used there") == true)
    }

    @Test func everyRoundEndsWhateverIsAnsweredInWhateverOrder() {
        for seed in 0..<5_000 { self.play(UInt64(seed)) }
    }

    /// Plays three rounds with answers of chance.
    private func play(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let servers = [Self.a, Self.b, .hostname("c")]
        let others = [Self.first, Self.second, Self.third, .hostname("s4", port: 26_379)]
        var survey = Self.survey(Array(others.prefix(Int.random(in: 1...3, using: &generator))))
        for _ in 0..<3 {
            var open = Set<ServerQuestion>()
            var waits = 12
            var step = survey.begin(
                known: Bool.random(using: &generator) ? servers.randomElement(using: &generator) : nil,
                hint: Bool.random(using: &generator) ? servers.randomElement(using: &generator) : nil
            )
            var count = 0
            while step.outcome == nil {
                open.formUnion(step.ask)
                count += 1
                guard !open.isEmpty, count < 1_000 else {
                    Issue.record("seed \(seed): the round hangs with \(open.count) questions after \(count) steps")
                    return
                }
                if waits > 0, Int.random(in: 0..<4, using: &generator) == 0 {
                    waits -= 1
                    step = survey.waited()
                    continue
                }
                let question = open.sorted { "\($0)" < "\($1)" }.randomElement(using: &generator) ?? .role(Self.a)
                open.remove(question)
                step = survey.received(Self.answer(to: question, servers, others, &generator), to: question)
            }
        }
    }

    private static func answer(
        to question: ServerQuestion,
        _ servers: [Address],
        _ sentinels: [Address],
        _ generator: inout SeededGenerator
    ) -> Result<ServerAnswer, RedisError> {
        switch (question, Int.random(in: 0..<4, using: &generator)) {
        case (_, 0): RoleSurveyTests.refused
        case (.role, 1): Self.isReplica
        case (.role, 2): .success(.role(nil, nil))
        case (.role, _): Self.isPrimary
        case (.sentinel, 1): Self.names(nil)
        case (.sentinel, _):
            Self.names(
                servers.randomElement(using: &generator),
                epoch: Int.random(in: 0..<4, using: &generator),
                sentinels: sentinels.filter { _ in Bool.random(using: &generator) }
            )
        }
    }

    // MARK: What sentinels say

    static func bulk(_ words: [String]) -> RESPValue { .array(words.map { .bulkString(ByteBuffer(string: $0)) }) }

    static func map(_ words: [String]) -> RESPValue {
        .map(
            stride(from: 0, to: words.count, by: 2).map {
                RESPMapEntry(
                    key: .bulkString(ByteBuffer(string: words[$0])),
                    value: .bulkString(ByteBuffer(string: words[$0 + 1]))
                )
            }
        )
    }

    @Test(arguments: [false, true])
    func repliesAreReadInBothProtocols(isMap: Bool) throws {
        let fields = isMap ? Self.map : Self.bulk
        let answer = try ServerAnswer(
            to: .sentinel(Self.first),
            [
                Self.bulk(["10.0.0.1", "6380"]),
                fields(["name", "shop", "config-epoch", "12"]),
                .array([
                    fields(["ip", "10.0.0.2", "port", "6381", "flags", "slave", "master-link-status", "ok"]),
                    fields(["ip", "10.0.0.3", "port", "6382", "flags", "s_down,slave,disconnected"]),
                    fields(["ip", "10.0.0.4", "port", "6383", "flags", "slave", "master-link-status", "err"]),
                    fields(["ip", "", "port", "x"]),
                ]),
                .array([fields(["ip", "s9", "port", "5000", "flags", "sentinel"])]),
            ],
            nil
        )
        let expected = SentinelAnswer(
            primary: .hostname("10.0.0.1", port: 6380),
            epoch: 12,
            replicas: [.hostname("10.0.0.2", port: 6381)],
            sentinels: [.hostname("s9", port: 5000)]
        )
        #expect(answer == .sentinel(expected))
    }

    @Test func nonsenseIsAnErrorAndNoCrash() throws {
        let unknown = RESPValue.error(RedisServerError("ERR No such master with that name"))
        let stranger = try ServerAnswer(to: .sentinel(Self.first), [.null, unknown, unknown, unknown], nil)
        #expect(stranger == .sentinel(.init(primary: nil)))
        for replies in [
            [], [.null], [.integer(3), .null, .null, .null], [Self.bulk(["h"]), .null, .null, .null],
            [Self.bulk(["h", "0"]), .null, .null, .null], [Self.bulk(["", "1"]), .null, .null, .null],
            [.error(RedisServerError("NOPERM no")), .null, .null, .null],
        ] as [[RESPValue]] {
            #expect(throws: RedisError.self) { try ServerAnswer(to: .sentinel(Self.first), replies, nil) }
        }
        #expect(throws: RedisError.self) { try ServerAnswer(to: .role(Self.a), [], nil) }
        #expect(throws: RedisError.self) { try ServerAnswer(to: .role(Self.a), [.array([.integer(1)])], nil) }
    }

    @Test func whoMayNotAskForTheRoleReadsItFromTheHandshake() throws {
        let refusal = [RESPValue.error(RedisServerError("NOPERM this user has no permissions"))]
        let answer = try ServerAnswer(to: .role(Self.a), refusal, Self.identity)
        #expect(answer == .role(.primary(offset: 0, replicas: []), Self.identity))
        #expect(try ServerAnswer(to: .role(Self.a), refusal, nil) == .role(nil, nil))
    }

    @Test func announcementIsReadForThisNameOnly() {
        func read(_ text: String) -> Address? {
            SentinelAnnouncements.newPrimary(of: "shop", in: ByteBuffer(string: text))
        }
        #expect(read("shop 10.0.0.1 6379 10.0.0.2 6380") == .hostname("10.0.0.2", port: 6380))
        for text in ["other 10.0.0.1 6379 10.0.0.2 6380", "shop", "", "shop a 1 b x", "shop a 1 b 70000"] {
            #expect(read(text) == nil)
        }
    }
}
