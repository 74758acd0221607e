/// How fetches look for entries before they ask for leases, so that a hit costs what `get` costs.
extension Cache {
    /// Reads a key, and decides by the call's policy what is to be done with what there is.
    ///
    /// An entry that is to be refreshed is, behind the caller; one that may only stand in for a fill goes into the call. What
    /// was found is counted.
    ///
    /// - Returns: What is good as it is.
    func firstRead<Value>(
        _ key: StoreKey,
        _ call: inout FetchCall<Value>,
        wantsTimes: Bool
    ) async throws -> Fetched<Value>? {
        do {
            let found = try await self.readOne(key, self.options(of: call, wantsTimes: wantsTimes))
            return self.judge(found, key, &call)
        } catch {
            try self.tolerate(error, call.onFailure, keys: 1)
            call.storeIsAvailable = false
            return nil
        }
    }

    /// Reads several keys as ``firstRead(_:_:wantsTimes:)`` reads one.
    func firstRead<Value>(
        _ keys: [StoreKey],
        _ call: inout FetchCall<Value>,
        wantsTimes: Bool
    ) async throws -> [StoreKey: Fetched<Value>] {
        guard !keys.isEmpty else { return [:] }
        do {
            let found = try await self.readAll(keys, self.options(of: call, wantsTimes: wantsTimes))
            var results: [StoreKey: Fetched<Value>] = [:]
            for (key, lookup) in zip(keys, found) { results[key] = self.judge(lookup, key, &call) }
            return results
        } catch {
            try self.tolerate(error, call.onFailure, keys: keys.count)
            call.storeIsAvailable = false
            return [:]
        }
    }

    private func options<Value>(of call: FetchCall<Value>, wantsTimes: Bool) -> ReadOptions {
        ReadOptions(
            wantsTimes: wantsTimes || call.policy.looksAtAge,
            expectedTags: call.tags,
            freshness: call.freshness,
            coder: self.coder(for: Value.self)
        )
    }

    /// - Returns: The value, if the caller is to have it without waiting.
    private func judge<Value>(
        _ lookup: StoreLookup,
        _ key: StoreKey,
        _ call: inout FetchCall<Value>
    ) -> Fetched<Value>? {
        guard case .found(let entry) = lookup, let value = self.decoded(entry.value, Value.self, key) else {
            self.note(.miss, key)
            return nil
        }
        return self.judge(entry, value, key, &call)
    }

    /// - Returns: The value, if the caller is to have it without waiting.
    private func judge<Value>(
        _ entry: StoredEntry,
        _ value: Value,
        _ key: StoreKey,
        _ call: inout FetchCall<Value>
    ) -> Fetched<Value>? {
        self.note(entry.isStale ? .stale : .hit, key)
        if entry.isStale { call.foundStale.insert(key) }
        let outcome: FetchOutcome = entry.isStale ? .stale(entry.info) : .hit(entry.info)
        let fetched = Fetched(value: value, outcome: outcome)
        let policy = call.policy
        switch policy.decision(on: entry, chance: call.drawChance(for: key)) {
        case .serve:
            self.handUp(entry.marks)
            return fetched
        case .serveAndRefresh where !call.isWarming:
            self.refresh(key, call)
            if entry.isStale { self.note(.staleServe, key) }
            self.handUp(entry.marks)
            return fetched
        case .fillOrServe, .serveAndRefresh:
            if self.refreshes.isThrottled(key) {
                self.note(.staleServe, key)
                self.handUp(entry.marks)
                return fetched
            }
            call.stale[key] = fetched
            call.staleMarks[key] = entry.marks
            if let soft = call.policy.softTimeout, !call.isWarming {
                call.softDeadline = self.clock.now.advanced(by: soft)
            }
            return nil
        case .fill:
            return nil
        }
    }

    /// Counts and logs that the store is unavailable, and goes on if the policy is to do without it.
    ///
    /// - Throws: The error, where the policy is to throw or the error is of another kind.
    func tolerate(_ error: any Error, _ onFailure: FailurePolicy, keys: Int) throws {
        let failure = self.failure(error, keys: keys)
        guard (failure as? CacheError)?.code == .unavailable, onFailure == .missing else { throw failure }
    }
}
