public import HTTPTypes

/// One fetch for all who ask for the same at the same time (RFC 9111, section 4).
public enum Collapsing: Sendable {
    /// Whether a request may lead others, or wait for another's answer.
    ///
    /// Not where its answer could not be stored, or would not be the whole: those behind it would wait for nothing.
    ///
    /// - Parameters:
    ///   - request: What was read of the request.
    ///   - hasStored: Whether there is a stored response that would be validated; without one, a client's own conditions
    ///     go to the origin, and a 304 is for that client alone.
    ///   - policy: The cache's policy.
    /// - Returns: Whether it may take part.
    public static func isEligible(_ request: RequestSummary, hasStored: Bool, policy: CachePolicy) -> Bool {
        guard request.method == .get, request.treatment(policy) == .lookUp else { return false }
        if request.traits.contains(.authorization), policy.effectiveAuthorization != .keyed { return false }
        if request.traits.contains(.range) { return false }
        if request.wantsOnlyStored(policy) { return false }
        return hasStored || request.traits.isDisjoint(with: .conditional)
    }

    /// What requests have in common that wait for one fetch: the key, and what is known to select the variant.
    ///
    /// - Parameters:
    ///   - key: The primary key.
    ///   - names: The fields that the stored variants of the key vary by, in lower case; none where nothing is stored yet.
    ///   - request: The request's fields.
    ///   - policy: How values are made comparable.
    /// - Returns: Canonical bytes.
    public static func key(
        _ key: ResponseKey,
        varyingBy names: Set<String>,
        request: HTTPFields,
        policy: CachePolicy
    ) -> [UInt8] {
        var bytes = key.bytes
        for name in names.sorted() {
            bytes.append(part: name)
            switch VaryKey.form(of: name, in: request, policy: policy) {
            case .absent: bytes.append(0)
            case .value(let value):
                bytes.append(1)
                bytes.append(part: value)
            // Nobody can use the answer to another such request; that shows when it is not stored.
            case .unreadable: bytes.append(2)
            }
        }
        return bytes
    }

    /// Whether one who waited may take what the leader got.
    ///
    /// The others are released, all at once.
    ///
    /// - Parameters:
    ///   - stored: The leader's answer, stored just now; `nil` where it could not be.
    ///   - request: What was read of the request that waited.
    ///   - fields: Its fields.
    ///   - resident: How long the answer has lain in the store.
    ///   - policy: The cache's policy.
    /// - Returns: Whether the answer is one for this request, and may be sent without asking again.
    public static func mayUse(
        _ stored: StoredResponse.Metadata?,
        request: RequestSummary,
        fields: HTTPFields,
        after resident: Duration,
        policy: CachePolicy
    ) -> Bool {
        guard let stored, stored.vary.matches(fields, policy: policy) else { return false }
        // One that wants to hear from the origin joined a fetch that had begun before it asked.
        return stored.reuse(for: request, after: resident, policy: policy).action == .serve
    }
}
