/// Why a read of a key finds what it finds.
public struct KeyExplanation: Sendable, Hashable, CustomStringConvertible {
    /// The key's own text.
    public let key: String

    /// The version that was looked at.
    public let version: Int

    /// What each tier of the store knows, the nearest first.
    public let tiers: [EntryReport]

    /// Whether this cache is filling the key at the moment, and how many calls wait for that.
    public let waiters: Int?

    /// All of it in a few lines, for people.
    public var description: String {
        var lines = ["\(self.key.debugDescription), version \(self.version)"]
        lines += self.tiers.map { "- \($0)" }
        if let waiters = self.waiters { lines.append("- being filled by this cache; calls that wait: \(waiters)") }
        return lines.joined(separator: "\n")
    }
}

extension Cache {
    /// What there is of a key and why it is or is not of use: which tier has it, how old it is, whether it is fresh, stale or
    /// dead, which tag killed it, what its fill took, and who is filling it.
    ///
    /// It changes nothing and counts as no read. For pages that people look at, not for programs to decide by.
    ///
    /// - Parameter key: The key.
    /// - Returns: The explanation.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey`` or ``CacheError/Code/unavailable``.
    public func explain<Value>(_ key: CacheKey<Value>) async throws -> KeyExplanation {
        let storeKey = try self.storeKey(key)
        do {
            let tiers = try await self.space.report(on: storeKey)
            let waiters = tiers.lazy.compactMap(\.holder)
                .compactMap { self.flights.seatCount(of: $0.token, storeKey) }.first
            return KeyExplanation(key: key.name, version: storeKey.version, tiers: tiers, waiters: waiters)
        } catch {
            throw self.failure(error)
        }
    }
}

extension EntryReport: CustomStringConvertible {
    /// The report in one line, for people.
    public var description: String {
        var parts = ["\(self.tier): \(self.state)"]
        if let timeLeft = self.timeLeft {
            switch timeLeft {
            case .forever: parts.append("for ever")
            case .remaining(let left): parts.append(left > .zero ? "\(left) left" : "past its time by \(.zero - left)")
            }
        }
        if let age = self.age { parts.append("\(age) old") }
        if let grace = self.grace, grace > .zero { parts.append("kept \(grace) longer") }
        if let size = self.size { parts.append("\(size) bytes") }
        if let codec = self.codec { parts.append("\(codec)") }
        if let fillCost = self.fillCost { parts.append("filled in \(fillCost)") }
        if !self.tags.isEmpty { parts.append("tags \(self.tags.joined(separator: ", "))") }
        if let holder = self.holder { parts.append("a lease stands for \(holder.timeLeft)") }
        return parts.joined(separator: "; ")
    }
}

extension EntryReport.State: CustomStringConvertible {
    /// The state in a few words.
    public var description: String {
        switch self {
        case .absent: "absent"
        case .fresh: "fresh"
        case .stale: "stale"
        case .staleByTag(let tag): "stale, because tag \(tag.debugDescription) was expired"
        case .deadByNamespace: "dead, because the namespace was cleared"
        case .deadByTag(let tag): "dead, because tag \(tag.debugDescription) was invalidated"
        case .unreadable: "not readable by this version"
        }
    }
}
