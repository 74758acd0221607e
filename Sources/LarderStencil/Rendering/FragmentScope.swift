/// The part of a page that is rendered under one roof: the page around its fragments, or the inside of one missing fragment.
///
/// What a scope shows was read for it: values that were made, or fragments that were found, before its lease was taken are
/// not used in it. It lives on its page's actor.
final class FragmentScope {
    /// Where a scope is found from outside of its page.
    struct ID: Hashable, Sendable {
        let number: Int

        /// The page itself.
        static let page = ID(number: 0)
    }

    /// What a pass over the page has brought a scope.
    enum Outcome {
        /// It is whole.
        case finished(String)
        /// It needs a value that is not made yet.
        case value(LazyValue)
        /// It needs fragments that nobody has looked for yet.
        case fragments([FragmentRequest])
        /// The pass did not come by, or could not make it of what it knows: a page can be another one each time it is rendered.
        case unreached
        /// Rendering has failed.
        case failed(any Error)
    }

    let id: ID
    /// What the scope is the inside of; `nil` for the page.
    let fragment: FragmentID?
    /// The scope that the fragment stands in.
    let outer: FragmentScope?
    /// Missing fragments in this scope that are being rendered.
    var inner: [FragmentID: FragmentScope] = [:]
    /// Fragments in this scope that are there.
    var texts: [FragmentID: String] = [:]
    /// Values that were made for this scope, each with what made it: while that is kept, nothing else has its identity.
    var values: [ObjectIdentifier: (lazy: LazyValue, value: (any Sendable)?)] = [:]
    /// Fragments in this scope that could not be made yet, because others have to be known first.
    private var postponed: Set<FragmentID> = []
    /// How often fragments were looked for in vain; what has no value the second time is rendered in place.
    private var vainLooks: [FragmentID: Int] = [:]
    /// Whether all that is unknown is rendered in place, and not stored.
    var isInPlace = false

    /// What the last pass has brought; `nil` where something has changed since.
    var outcome: Outcome?
    /// What the pass under way has found missing.
    private var needs: [FragmentRequest] = []
    private var neededIDs: Set<FragmentID> = []
    private(set) var neededValue: LazyValue?
    private var failure: (any Error)?
    private var isIncomplete = false
    private var isCutOff = false

    init(_ id: ID, of fragment: FragmentID?, in outer: FragmentScope?) {
        self.id = id
        self.fragment = fragment
        self.outer = outer
    }

    /// Whether a pass has to come by here, or further within.
    var needsPass: Bool { self.outcome == nil || self.inner.values.contains { $0.needsPass } }

    /// Whether a fragment is this scope's own or that of one around it: one that holds itself.
    func isWithin(_ fragment: FragmentID) -> Bool {
        var scope: FragmentScope? = self
        while let here = scope {
            if here.fragment == fragment { return true }
            scope = here.outer
        }
        return false
    }

    func isRenderedInPlace(_ fragment: FragmentID) -> Bool {
        self.isInPlace || self.vainLooks[fragment, default: 0] > 1 || self.isWithin(fragment)
    }

    // MARK: Fragments in this scope

    /// Keeps what was found of fragments that were looked for.
    func keep(_ texts: [FragmentID: String], of requests: [FragmentRequest]) {
        // Where the pass that made them came by, it has rendered this scope with them.
        if case .finished? = self.outcome,
            requests.allSatisfy({ texts[$0.id] != nil && texts[$0.id] == self.texts[$0.id] })
        {
            return
        }
        self.texts.merge(texts) { _, new in new }
        for request in requests where self.texts[request.id] == nil {
            if self.postponed.remove(request.id) == nil { self.vainLooks[request.id, default: 0] += 1 }
        }
        self.outcome = nil
    }

    /// The inside of a fragment is made, or cannot be made by now.
    func end(_ inner: FragmentScope, of fragment: FragmentID) {
        guard self.inner[fragment] === inner else { return }
        self.inner[fragment] = nil
        if case .finished(let text)? = inner.outcome { self.texts[fragment] = text }
        if inner.isCutOff || inner.isIncomplete { self.postponed.insert(fragment) }
    }

    // MARK: A pass

    func beginPass() {
        self.needs = []
        self.neededIDs = []
        self.neededValue = nil
        self.failure = nil
        self.isIncomplete = false
        self.isCutOff = false
    }

    func need(_ value: LazyValue) {
        if self.neededValue == nil { self.neededValue = value }
    }

    func need(_ request: FragmentRequest) {
        if self.neededIDs.insert(request.id).inserted { self.needs.append(request) }
    }

    /// What follows is made of fragments of this scope that are not known yet.
    func leaveIncomplete() {
        self.isIncomplete = true
    }

    /// The scope is made of fragments that stand outside of it, and are not known yet.
    func cutOff() {
        self.isCutOff = true
    }

    /// Keeps an error that its place has no way to throw.
    func fail(_ error: any Error) {
        if self.failure == nil { self.failure = error }
    }

    /// Ends the pass: what is missing comes first, since what was rendered without it, errors included, may be another thing with it.
    func endPass(_ result: Result<String, any Error>) {
        if self.isCutOff {
            self.outcome = .unreached
        } else if let value = self.neededValue {
            self.outcome = .value(value)
        } else if !self.needs.isEmpty {
            self.outcome = .fragments(self.needs)
        } else if self.isIncomplete {
            self.outcome = .unreached
        } else if let failure = self.failure {
            self.outcome = .failed(failure)
        } else {
            switch result {
            case .success(let text): self.outcome = .finished(text)
            case .failure(let error): self.outcome = .failed(error)
            }
        }
    }
}
