/// Finds the primary among servers of which nobody keeps watch: each is asked for its role.
///
/// Servers that a primary or a replica names are asked, too. Silent ones hold nobody up: once a primary has answered, the
/// others have until `waited` comes.
struct RoleSurvey: ServerSurvey {
    private struct Finding {
        let role: RedisRole
        let identity: ServerIdentity?
    }

    private let listed: [Address]
    private var known: Address?
    private var pending: Set<Address> = []
    private var findings: [Address: Finding] = [:]
    private var failures: [Address: RedisError] = [:]
    /// All that were asked in this round, in the order in which they became known.
    private var asked: [Address] = []

    var sentinels: [Address] { [] }

    /// - Parameter addresses: The servers, at least one.
    init(_ addresses: [Address]) {
        self.listed = addresses
    }

    mutating func begin(known: Address?, hint: Address?) -> SurveyStep {
        self.known = known
        self.pending = []
        self.findings = [:]
        self.failures = [:]
        self.asked = []
        return SurveyStep(ask: self.ask(self.listed + [known, hint].compactMap(\.self)))
    }

    mutating func prefer(_ sentinel: Address) {}

    /// Asks those that were not asked yet.
    private mutating func ask(_ addresses: [Address]) -> [ServerQuestion] {
        var questions: [ServerQuestion] = []
        for address in addresses where !self.asked.contains(address) {
            guard self.asked.count < self.listed.count + SentinelAnswer.mostServers else { break }
            self.asked.append(address)
            self.pending.insert(address)
            questions.append(.role(address))
        }
        return questions
    }

    mutating func received(_ answer: Result<ServerAnswer, RedisError>, to question: ServerQuestion) -> SurveyStep {
        let address = question.address
        guard self.pending.remove(address) != nil else { return SurveyStep() }
        var step = SurveyStep()
        self.findings[address] = nil
        self.failures[address] = nil
        switch answer {
        case .success(.role(let role?, let identity)):
            self.findings[address] = Finding(role: role, identity: identity)
            step.ask = self.ask(role.neighbours)
        case .success:
            self.failures[address] = RedisError(
                .connectionFailed,
                message: "the server tells this user neither ROLE nor INFO replication",
                server: address.description
            )
        case .failure(let error):
            self.failures[address] = error.with(server: address.description)
        }
        if self.pending.isEmpty { step.outcome = self.conclusion }
        return step
    }

    mutating func waited() -> SurveyStep {
        if !self.primaries.isEmpty { return SurveyStep(outcome: self.conclusion) }
        // Somebody is silent. Meanwhile one of the others may have been promoted.
        let again = self.asked.filter { !self.pending.contains($0) }
        self.pending.formUnion(again)
        return SurveyStep(ask: again.map { .role($0) })
    }

    private var primaries: [Address] {
        self.asked.filter { if case .primary? = self.findings[$0]?.role { true } else { false } }
    }

    private var conclusion: SurveyStep.Outcome {
        let primaries = self.primaries.sorted { self.rank($0) > self.rank($1) }
        guard let primary = primaries.first else { return self.failure }
        // A server may be known by several addresses; its run id tells.
        var identities = Set([self.findings[primary]?.identity?.runID].compactMap(\.self))
        var set = ServerSet(primary: primary, identity: self.findings[primary]?.identity)
        for address in primaries.dropFirst() where self.isNew(address, &identities) { set.rivals.append(address) }
        for address in self.asked {
            guard case .replica? = self.findings[address]?.role, self.isNew(address, &identities) else { continue }
            set.replicas.append(address)
        }
        return .found(set)
    }

    private func isNew(_ address: Address, _ identities: inout Set<String>) -> Bool {
        guard let id = self.findings[address]?.identity?.runID else { return true }
        return identities.insert(id).inserted
    }

    /// Of several primaries the one whom most replicas follow is the right one; then the one that has written most; then
    /// the one that was so before.
    private func rank(_ address: Address) -> (Int, Int, Int) {
        guard case .primary(let offset, let replicas)? = self.findings[address]?.role else { return (-1, 0, 0) }
        return (replicas.count, offset, address == self.known ? 1 : 0)
    }

    private var failure: SurveyStep.Outcome {
        let errors = self.asked.compactMap { self.failures[$0] }
        if self.findings.isEmpty || errors.contains(where: \.isAboutLogin) {
            return .failed(.summary(of: errors, "none of the servers \(self.asked.list) could be asked"), isFinal: true)
        }
        return .failed(
            RedisError(
                .connectionFailed,
                message: "none of the servers \(self.asked.list) is a primary",
                underlying: errors.last
            ),
            isFinal: false
        )
    }
}

extension RedisRole {
    /// The servers that it names.
    fileprivate var neighbours: [RedisConfiguration.Address] {
        switch self {
        case .primary(_, let replicas): replicas.compactMap { .server($0.host, $0.port) }
        case .replica(let host, let port, _, _): [.server(host, port)].compactMap(\.self)
        case .sentinel: []
        }
    }
}
