import Testing

@testable import LarderRedisClient

/// Rounds of questions among servers that nobody watches, driven by hand.
@Suite(.timeLimit(.minutes(1))) struct RoleSurveyTests {
    typealias Address = RedisConfiguration.Address

    static let a = Address.hostname("a")
    static let b = Address.hostname("b")
    static let c = Address.hostname("c")

    static func primary(
        _ id: String,
        offset: Int = 0,
        _ replicas: [String] = []
    ) -> Result<ServerAnswer, RedisError> {
        .success(
            .role(
                .primary(offset: offset, replicas: replicas.map { .init(host: $0, port: 6379, offset: 0) }),
                ServerIdentity(runID: id, replicationID: "r", isPrimary: true)
            )
        )
    }

    static func replica(_ id: String, of host: String) -> Result<ServerAnswer, RedisError> {
        .success(
            .role(
                .replica(host: host, port: 6379, state: "connected", offset: 1),
                ServerIdentity(runID: id, replicationID: "r", isPrimary: false)
            )
        )
    }

    static let refused = Result<ServerAnswer, RedisError>.failure(RedisError(.connectionFailed, message: "refused"))

    static func found(_ step: SurveyStep) -> ServerSet? {
        if case .found(let set) = step.outcome { set } else { nil }
    }

    static func failure(_ step: SurveyStep) -> (error: RedisError, isFinal: Bool)? {
        if case .failed(let error, let isFinal) = step.outcome { (error, isFinal) } else { nil }
    }

    @Test func primaryIsTheOneThatSaysSoAndReplicasAreThoseListedAndNamed() {
        var survey = RoleSurvey([Self.a, Self.b])
        #expect(survey.begin(known: nil, hint: nil).ask == [.role(Self.a), .role(Self.b)])
        #expect(survey.received(Self.replica("1", of: "b"), to: .role(Self.a)).outcome == nil)
        let step = survey.received(Self.primary("2", ["a", "c"]), to: .role(Self.b))
        #expect(step.ask == [.role(Self.c)])
        #expect(step.outcome == nil)
        let set = Self.found(survey.received(Self.replica("3", of: "b"), to: .role(Self.c)))
        #expect(set?.primary == Self.b)
        #expect(set?.replicas == [Self.a, Self.c])
        #expect(set?.identity?.runID == "2")
        #expect(set?.rivals == [])
    }

    @Test func replicaLeadsToAPrimaryThatIsNotListed() {
        var survey = RoleSurvey([Self.a])
        _ = survey.begin(known: nil, hint: nil)
        #expect(survey.received(Self.replica("1", of: "c"), to: .role(Self.a)).ask == [.role(Self.c)])
        #expect(Self.found(survey.received(Self.primary("3"), to: .role(Self.c)))?.primary == Self.c)
    }

    @Test func serverWithTwoAddressesIsOneReplica() {
        var survey = RoleSurvey([Self.a, Self.b])
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.primary("1", ["c"]), to: .role(Self.a))
        _ = survey.received(Self.replica("2", of: "a"), to: .role(Self.b))
        #expect(Self.found(survey.received(Self.replica("2", of: "a"), to: .role(Self.c)))?.replicas == [Self.b])
    }

    @Test func ofSeveralPrimariesTheOneWithMostReplicasCountsThenTheLargestOffsetThenTheKnownOne() {
        let cases: [(Result<ServerAnswer, RedisError>, Result<ServerAnswer, RedisError>, Address?, Address)] = [
            (Self.primary("1", offset: 900), Self.primary("2", offset: 1, ["c"]), nil, Self.b),
            (Self.primary("1", offset: 5), Self.primary("2", offset: 9), nil, Self.b),
            (Self.primary("1", offset: 5), Self.primary("2", offset: 5), Self.b, Self.b),
            (Self.primary("1", offset: 5), Self.primary("2", offset: 5), nil, Self.a),
        ]
        for (first, second, known, expected) in cases {
            var survey = RoleSurvey([Self.a, Self.b])
            _ = survey.begin(known: known, hint: nil)
            _ = survey.received(first, to: .role(Self.a))
            var step = survey.received(second, to: .role(Self.b))
            if step.outcome == nil { step = survey.received(Self.replica("3", of: "b"), to: .role(Self.c)) }
            let set = Self.found(step)
            #expect(set?.primary == expected)
            #expect(set?.rivals == [expected == Self.a ? Self.b : Self.a])
        }
    }

    @Test func silentServerHoldsUpNobodyOncePrimaryHasAnswered() {
        var survey = RoleSurvey([Self.a, Self.b])
        _ = survey.begin(known: nil, hint: nil)
        #expect(survey.received(Self.primary("2"), to: .role(Self.b)).outcome == nil)
        #expect(Self.found(survey.waited())?.primary == Self.b)
    }

    @Test func whileSomebodyIsSilentTheOthersAreAskedAgain() {
        var survey = RoleSurvey([Self.a, Self.b, Self.c])
        _ = survey.begin(known: Self.a, hint: nil)
        _ = survey.received(Self.replica("2", of: "a"), to: .role(Self.b))
        _ = survey.received(Self.refused, to: .role(Self.c))
        let step = survey.waited()
        #expect(step.outcome == nil)
        #expect(step.ask == [.role(Self.b), .role(Self.c)])
        // One has been promoted meanwhile.
        _ = survey.received(Self.primary("2"), to: .role(Self.b))
        #expect(Self.found(survey.waited())?.primary == Self.b)
    }

    @Test func withoutPrimaryTheRoundFailsForNow() {
        var survey = RoleSurvey([Self.a, Self.b])
        _ = survey.begin(known: nil, hint: nil)
        _ = survey.received(Self.refused, to: .role(Self.a))
        let failure = Self.failure(survey.received(Self.replica("2", of: "a"), to: .role(Self.b)))
        #expect(failure?.isFinal == false)
        #expect(failure?.error.code == .connectionFailed)
        #expect(failure?.error.message.contains("a:6379, b:6379 is a primary") == true)
    }

    @Test(arguments: [RedisError.Code.connectionFailed, .authenticationFailed, .tlsFailed])
    func whereNobodyCouldBeAskedTheReasonIsSaid(code: RedisError.Code) {
        var survey = RoleSurvey([Self.a, Self.b])
        _ = survey.begin(known: nil, hint: nil)
        let error = RedisError(code, message: "why")
        _ = survey.received(.failure(error), to: .role(Self.a))
        let failure = Self.failure(survey.received(.failure(error), to: .role(Self.b)))
        #expect(failure?.isFinal == true)
        #expect(failure?.error.code == code)
        #expect((failure?.error.underlying as? RedisError)?.message == "why")
    }

    @Test func serverThatSaysNothingOfItselfIsNoPrimary() {
        var survey = RoleSurvey([Self.a])
        _ = survey.begin(known: nil, hint: nil)
        #expect(Self.failure(survey.received(.success(.role(nil, nil)), to: .role(Self.a))) != nil)
    }

    @Test func answersThatNobodyWaitsForAreLetPass() {
        var survey = RoleSurvey([Self.a])
        _ = survey.begin(known: nil, hint: nil)
        let step = survey.received(Self.primary("2"), to: .role(Self.b))
        #expect(step.outcome == nil && step.ask.isEmpty)
    }
}
