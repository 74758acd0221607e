import Hummingbird
import Larder

/// Why a read of a key finds what it finds, as JSON.
///
/// Times are in seconds. What does not apply is `null`, so that the form is the same for every answer.
struct ExplanationBody: ResponseEncodable {
    private let key: String
    private let version: Int
    /// How many calls of this process wait for a fill of the key; `null` while it fills none.
    private let waiters: Int?
    private let tiers: [Tier]

    init(_ explanation: KeyExplanation) {
        self.key = explanation.key
        self.version = explanation.version
        self.waiters = explanation.waiters
        self.tiers = explanation.tiers.map(Tier.init)
    }

    private enum CodingKeys: CodingKey {
        case key, version, waiters, tiers
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.key, forKey: .key)
        try container.encode(self.version, forKey: .version)
        try container.encode(self.waiters, forKey: .waiters)
        try container.encode(self.tiers, forKey: .tiers)
    }
}

/// What one tier of the store knows of the key.
private struct Tier: Encodable, Sendable {
    let report: EntryReport

    private enum CodingKeys: CodingKey {
        case tier, state, why, tag, age, timeLeft, grace, size, codec, fillCost, tags, holder
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.report.tier, forKey: .tier)
        try container.encode(self.report.state.word, forKey: .state)
        try container.encode(self.report.state.reason, forKey: .why)
        try container.encode(self.report.state.tag, forKey: .tag)
        try container.encode(self.report.age?.inSeconds, forKey: .age)
        try container.encode(self.report.timeLeft?.duration?.inSeconds, forKey: .timeLeft)
        try container.encode(self.report.grace?.inSeconds, forKey: .grace)
        try container.encode(self.report.size, forKey: .size)
        try container.encode(self.report.codec?.description, forKey: .codec)
        try container.encode(self.report.fillCost?.inSeconds, forKey: .fillCost)
        try container.encode(self.report.tags, forKey: .tags)
        try container.encode(self.report.holder.map(Holder.init), forKey: .holder)
    }
}

/// Who is filling the key.
private struct Holder: Encodable, Sendable {
    let lease: String
    let timeLeft: Double

    init(_ holder: EntryReport.Holder) {
        let halves = [holder.token.high, holder.token.low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        self.lease = halves.joined()
        self.timeLeft = holder.timeLeft.inSeconds
    }
}

extension EntryReport.State {
    /// The state in one word.
    fileprivate var word: String {
        switch self {
        case .absent: "absent"
        case .fresh: "fresh"
        case .stale, .staleByTag: "stale"
        case .deadByNamespace, .deadByTag: "dead"
        case .unreadable: "unreadable"
        }
    }

    /// What has brought the entry into this state, and what becomes of who asks for it.
    fileprivate var reason: String {
        switch self {
        case .absent:
            "Nothing is stored under this key: it was never fetched, or was removed, evicted or is long past its time."
        case .fresh: "It is what readers get."
        case .stale: "It is past its time, and is only served while the database fails or is slow."
        case .staleByTag(let tag): "The tag \(tag) was expired: it is served once more while it is fetched anew."
        case .deadByNamespace: "The cache was emptied after this was stored, so nobody is served with it."
        case .deadByTag(let tag): "The tag \(tag) was invalidated after this was fetched, so nobody is served with it."
        case .unreadable: "Something is stored here that this version of Larder cannot read."
        }
    }

    /// The tag that is to blame.
    fileprivate var tag: String? {
        switch self {
        case .staleByTag(let tag), .deadByTag(let tag): tag
        case .absent, .fresh, .stale, .deadByNamespace, .unreadable: nil
        }
    }
}

extension Duration {
    /// The time in seconds, to a microsecond.
    fileprivate var inSeconds: Double {
        (self / .microseconds(1)).rounded() / 1_000_000
    }
}
