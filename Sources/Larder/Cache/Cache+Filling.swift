import Logging

/// How a fill runs: in a task that belongs to the cache, under a lease that is renewed while it runs.
extension Cache {
    /// Begins one fill for the keys of these seats.
    ///
    /// - Parameters:
    ///   - seats: The caller's seats in flights that have not begun.
    ///   - call: The call.
    ///   - isBehind: Whether nobody waits for the value.
    func fill<Value>(_ seats: [Seat], _ call: FetchCall<Value>, isBehind: Bool = false) {
        let task = FillTask(flights: seats.count)
        for seat in seats {
            seat.place.flight.begin { end in
                self.flights.forget(seat.place.id, seat.place.flight)
                if end.leavesLease, let lease = seat.lease { self.release([lease]) }
                if task.flightEnded(isFailed: end.isFailed) {
                    self.counterStorage.add(to: .failedFill)
                    self.tell(.fillFailed(keys: seats.map(\.key.name)))
                }
            }
        }
        guard task.begin() else { return }
        self.counterStorage.add(to: .fill)
        if isBehind { self.counterStorage.add(to: .refresh) }
        self.tell(.fillBegan(keys: seats.map(\.key.name), isBehind: isBehind))
        let filling = self.flights.run { await self.run(for: seats, call) }
        let keeper = self.flights.run { await self.keepLeases(of: seats, call.policy) }
        task.own([filling, keeper])
    }

    /// Renews the leases while the fill runs, and ends it when its time is over.
    private func keepLeases(of seats: [Seat], _ policy: FetchPolicy) async {
        let deadline = self.clock.now.advanced(by: policy.hardTimeout)
        var leases = seats.compactMap(\.lease)
        // A third: two renewals may fail before others take the holder for dead.
        let interval = policy.leaseDuration / 3
        while true {
            let renewal = self.clock.now.advanced(by: interval)
            let isLast = leases.isEmpty || renewal >= deadline
            do {
                try await self.clock.sleep(until: isLast ? deadline : renewal)
            } catch {
                return
            }
            if isLast { break }
            do {
                let stand = try await self.space.renew(leases, for: policy.leaseDuration)
                // One that is lost stays lost; its value will not be stored.
                leases = zip(leases, stand).filter(\.1).map(\.0)
            } catch {
                self.logger.debug("A lease could not be renewed", metadata: ["larder.error": "\(error)"])
            }
        }
        self.refreshes.pause(seats.map(\.key), for: policy.staleOnError > .zero ? policy.retryAfter : .zero)
        for seat in seats {
            let message = "the fill did not finish within \(policy.hardTimeout)"
            seat.place.flight.abort(CacheError(.fillTimedOut, message, key: seat.key.name))
        }
    }

    private func run<Value>(for seats: [Seat], _ call: FetchCall<Value>) async {
        let keys = seats.map(\.key)
        let space = self.space
        let context = FillContext(ttl: call.ttl) { tags in
            try await space.marks(of: tags, for: call.policy.hardTimeout + call.policy.leaseDuration)
        }
        let scope = FillScope(
            ObjectIdentifier(self),
            keys,
            context: context,
            tokens: Set(seats.compactMap(\.lease?.token)),
            within: CurrentFill.scope
        )
        let start = self.clock.now
        do {
            defer { scope.end() }
            let values = try await CurrentFill.$scope.withValue(scope) { try await call.fill(keys, context) }
            let cost = start.duration(to: self.clock.now)
            try await self.finish(seats, values, cost, context, call)
        } catch {
            self.refreshes.pause(keys, for: call.policy.staleOnError > .zero ? call.policy.retryAfter : .zero)
            for seat in seats { seat.place.flight.end(.failure(error)) }
        }
    }

    /// A value that a fill has brought, on its way into the store.
    private struct Arrival {
        var seat: Seat
        var entry: EntryValue
        var tags: FillTags
        var lifetime: EntryLifetime?
        var commit: EntryCommit?
    }

    /// Stores what a fill has brought and tells everyone who waits for it.
    private func finish<Value>(
        _ seats: [Seat],
        _ values: [StoreKey: Value],
        _ cost: Duration,
        _ context: FillContext,
        _ call: FetchCall<Value>
    ) async throws {
        self.refreshes.resume(seats.map(\.key))
        var arrivals: [Arrival] = []
        for seat in seats where seat.place.flight.beginCommitting() {
            guard let value = values[seat.key] else {
                seat.place.flight.end(.success(.noValue(self.tags(of: seat, context, call))))
                continue
            }
            arrivals.append(self.arrival(of: value, cost, in: seat, context, call))
        }
        // Before anybody is told: whoever fetches next, from wherever, shall find the key free.
        let unused = arrivals.filter { $0.commit == nil }.compactMap(\.seat.lease)
        if !unused.isEmpty { await Self.release(unused, to: self.space, self.logger) }
        var outcomes = try await self.commit(arrivals.compactMap(\.commit))[...]
        for arrival in arrivals {
            let outcome = arrival.commit == nil ? .failed : outcomes.popFirst() ?? .failed
            let info = FillInfo(
                isStored: outcome == .stored,
                freshFor: arrival.lifetime.map(\.freshFor) ?? .zero,
                cost: cost,
                storeWasUnavailable: !call.storeIsAvailable
            )
            self.tell(.filled(key: arrival.seat.key.name, isStored: info.isStored, cost: cost))
            arrival.seat.place.flight.end(
                .success(.filled(arrival.entry, info, arrival.tags)),
                leavesLease: arrival.commit != nil && outcome == .failed
            )
        }
    }

    private func arrival<Value>(
        of value: Value,
        _ cost: Duration,
        in seat: Seat,
        _ context: FillContext,
        _ call: FetchCall<Value>
    ) -> Arrival {
        let coder = self.coder(for: Value.self)
        let entry = coder.entry(for: value)
        let found = context.summary(of: seat.key)
        let tags = self.tags(of: seat, context, call)
        // Not by the entry: what is sealed hides whether it is one.
        let isAbsence = (value as? any OptionalCoding)?.isNone ?? false
        let lifetime = call.policy.lifetime(
            ttl: context.ttl,
            isAbsence: isAbsence,
            defaults: self.defaults,
            chance: .random(in: 0...1)
        )
        var arrival = Arrival(seat: seat, entry: entry, tags: tags)
        guard context.isStored, let lifetime else { return arrival }
        arrival.lifetime = lifetime
        guard TagRules.fit(tags.marks, tags.late) else {
            self.logger.warning(
                "A value has more tags than an entry can have",
                metadata: ["larder.key": "\(seat.key.name)"]
            )
            return arrival
        }
        if let lease = seat.lease, found.isComplete {
            let write = EntryWrite(key: seat.key, value: entry, coder: coder, lifetime: lifetime, fillCost: cost)
            arrival.commit = EntryCommit(write: write, lease: lease, marks: found.marks, lateTags: found.late)
        }
        return arrival
    }

    /// What a fill's value depends on.
    private func tags<Value>(of seat: Seat, _ context: FillContext, _ call: FetchCall<Value>) -> FillTags {
        let found = context.summary(of: seat.key)
        return FillTags(
            marks: (seat.lease?.marks ?? []) + found.marks,
            late: found.late,
            // Without a lease nobody has taken the tags that the call names.
            areComplete: found.isComplete && (seat.lease != nil || call.tags.isEmpty),
            exceedLease: seat.lease == nil || !found.marks.isEmpty || !found.late.isEmpty || !found.isComplete,
            serial: seat.lease?.serial ?? seat.serial,
            meeting: seat.lease?.meeting ?? seat.meeting
        )
    }

    private enum CommitOutcome {
        /// The value is in the store.
        case stored
        /// The lease did not stand any more, or a tag was invalidated.
        case refused
        /// The value could not be stored, and the lease may still stand.
        case failed
    }

    /// Commits, and takes an unavailable store or a value too heavy for it as a value that is not stored: whoever waits
    /// has it all the same.
    ///
    /// - Throws: Other errors, such as those of a value that cannot be encoded.
    private func commit(_ commits: [EntryCommit]) async throws -> [CommitOutcome] {
        guard !commits.isEmpty else { return [] }
        do {
            return try await self.space.commit(commits).map { $0 ? .stored : .refused }
        } catch let error as CacheError where error.code == .unavailable {
            _ = self.failure(error, keys: commits.count)
        } catch let error as CacheError where error.code == .valueTooLarge {
            // One that is too heavy does not keep the others out.
            if commits.count > 1 {
                var outcomes: [CommitOutcome] = []
                for commit in commits { outcomes += try await self.commit([commit]) }
                return outcomes
            }
            self.logger.warning("A value is too heavy to be stored", metadata: ["larder.error": "\(error)"])
        }
        return commits.map { _ in .failed }
    }
}
