import HTTPTypes
import Larder

/// The header fields of rate limits (draft-ietf-httpapi-ratelimit-headers-10): lists of strings with parameters (RFC 9651).
enum RateLimitFields {
    static let policy = HTTPField.Name("RateLimit-Policy")
    static let state = HTTPField.Name("RateLimit")

    /// What each limit of a rule is called: the rule's name, and the period where there are several.
    static func names(of limits: [RateLimit], in rule: String) -> [String] {
        guard limits.count > 1 else { return [rule] }
        var names: [String] = []
        for limit in limits {
            let name = "\(rule)-\(Self.seconds(limit.period.duration))s"
            names.append(names.contains(name) ? "\(name)-\(names.count + 1)" : name)
        }
        return names
    }

    /// A member of `RateLimit-Policy`: how much (`q`) in how many seconds (`w`).
    static func policy(_ limit: RateLimit, named name: String) -> String {
        let window = Self.seconds(limit.window)
        return "\(Self.string(name));q=\(limit.capacity);w=\(window)"
    }

    /// A member of `RateLimit`: how much is left (`r`), and in how many seconds all of it is back (`t`).
    static func state(_ status: RateLimitStatus, named name: String) -> String {
        "\(Self.string(name));r=\(max(0, status.remaining));t=\(max(0, status.resetSeconds))"
    }

    /// A string (RFC 9651, section 4.1.6).
    private static func string(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    /// Whole seconds, rounded up, one at least.
    private static func seconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return max(1, seconds + (attoseconds > 0 ? 1 : 0))
    }
}

extension RateLimit {
    /// The time in which as much as ``capacity`` may be used: the period, or for a bucket the time in which it fills.
    fileprivate var window: Duration {
        guard self.capacity != self.count else { return self.period.duration }
        return self.period.duration * (Double(self.capacity) / Double(self.count))
    }
}

/// How a request stands with the rules that hold for it.
struct RateLimitVerdict: Sendable {
    private(set) var policies: [String] = []
    private(set) var states: [String] = []
    /// The names of the limits that refuse it.
    private(set) var violated: [String] = []
    private(set) var isAllowed = true
    /// Whether an outage refuses it, and no count.
    private(set) var isAssumed = false
    /// When to come back, in whole seconds; `nil`, never.
    private(set) var retryAfter: Int? = 0

    mutating func add(_ decision: RateLimitDecision, names: [String]) {
        for (status, name) in zip(decision.statuses, names) {
            self.policies.append(RateLimitFields.policy(status.limit, named: name))
            // What was not counted says nothing of what is left.
            if !decision.isAssumed { self.states.append(RateLimitFields.state(status, named: name)) }
            if !status.isAllowed { self.violated.append(name) }
        }
        guard !decision.isAllowed else { return }
        self.isAllowed = false
        self.isAssumed = decision.isAssumed
        self.retryAfter = decision.deciding.retryAfterSeconds.map { max(1, $0) }
    }

    /// Says it in an answer's fields, behind what others say there.
    func write(to headers: inout HTTPFields) {
        if let name = RateLimitFields.policy, !self.policies.isEmpty {
            headers.append(HTTPField(name: name, value: self.policies.joined(separator: ", ")))
        }
        if let name = RateLimitFields.state, !self.states.isEmpty {
            headers.append(HTTPField(name: name, value: self.states.joined(separator: ", ")))
        }
    }
}
