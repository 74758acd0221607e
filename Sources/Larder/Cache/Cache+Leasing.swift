import Logging

/// How fetches that missed get the right to fill, or find the flight of whoever has it.
extension Cache {
    /// A seat in a flight.
    struct Seat {
        var key: StoreKey
        var place: FlightTable.Place
        /// The lease under which the flight's value will be stored.
        var lease: Lease?
        /// The namespace's serial when the store was asked for the key; `nil` where it was not.
        var serial: UInt64?
        /// The server meeting under which the store was asked for the key; `nil` where it was not.
        var meeting: UInt64?
        /// The lease of another process, or of another cache on the same store, that the flight waits for; also that of a
        /// flight of this cache from before the store met the server that it asks now.
        var awaited: LeaseHolder?
    }

    /// Where a call stands with each of its keys.
    struct SeatedKeys<Value: Sendable> {
        /// Keys that somebody has filled in the meantime.
        var found: [StoreKey: Fetched<Value>] = [:]
        /// Flights that the caller has to begin.
        var own: [Seat] = []
        /// Flights of others.
        var joined: [Seat] = []
        /// Keys about which the store has to be asked again.
        var again: [StoreKey] = []

        mutating func add(_ seat: Seat) {
            if seat.place.isLeader { self.own.append(seat) } else { self.joined.append(seat) }
        }
    }

    /// Finds flights by key, where the store can grant no leases.
    func takeSeatsWithoutStore<Value: Sendable>(on keys: [StoreKey]) throws -> SeatedKeys<Value> {
        var seats = SeatedKeys<Value>()
        for key in keys {
            seats.add(Seat(key: key, place: try self.flights.joinOrBegin(.key(key))))
        }
        return seats
    }

    /// Asks the store for the leases of all keys, and finds for each the flight of the lease that the store then shows.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - replaceable: Those whose entry is known to be of no use as it is, so that its lease is asked for expressly.
    ///   - call: The call.
    /// - Returns: What somebody has filled meanwhile, and the call's seats in flights for the rest.
    /// - Throws: What the store throws; the seats have been given up then.
    func takeLeases<Value>(
        on keys: [StoreKey],
        replacing replaceable: Set<StoreKey>,
        _ call: FetchCall<Value>
    ) async throws -> SeatedKeys<Value> {
        var seats = SeatedKeys<Value>()
        do {
            let absent = keys.filter { !replaceable.contains($0) }
            var unusable = keys.filter(replaceable.contains)
            if !absent.isEmpty {
                unusable += try await self.takeLeases(on: absent, replacingEntries: false, call, &seats)
            }
            if !unusable.isEmpty {
                _ = try await self.takeLeases(on: unusable, replacingEntries: true, call, &seats)
                try await self.giveUpReplaced(Set(unusable), call, &seats)
            }
        } catch {
            for seat in seats.own { self.giveUp(seat) }
            for seat in seats.joined { seat.place.flight.leave(seat.place.seat) }
            throw error
        }
        return seats
    }

    /// - Returns: The keys whose entries are there but of no use, so that their leases have to be asked for expressly.
    private func takeLeases<Value>(
        on keys: [StoreKey],
        replacingEntries: Bool,
        _ call: FetchCall<Value>,
        _ seats: inout SeatedKeys<Value>
    ) async throws -> [StoreKey] {
        let answers = try await self.askForLeases(on: keys, replacingEntries: replacingEntries, call, &seats)
        // Their flights are over, so either the value is there by now or nobody needs the lease any more.
        if !answers.ended.isEmpty { try await self.space.release(answers.ended) }
        seats.again += answers.ended.map(\.key)
        return answers.unusable
    }

    private struct LeaseAnswers {
        /// Keys whose entries are there but of no use.
        var unusable: [StoreKey] = []
        /// Leases that stand for flights of this cache which have ended.
        var ended: [Lease] = []
    }

    private func askForLeases<Value>(
        on keys: [StoreKey],
        replacingEntries: Bool,
        _ call: FetchCall<Value>,
        _ seats: inout SeatedKeys<Value>
    ) async throws -> LeaseAnswers {
        let token = self.flights.makeToken()
        // The flights are there before the store is asked: it may show our token to others before its answer is here.
        var places: [FlightTable.Place] = []
        var answers = LeaseAnswers()
        do {
            for key in keys { places.append(try self.flights.joinOrBegin(.lease(token, key))) }
            let lease = LeaseRequest(
                token: token,
                duration: call.policy.leaseDuration,
                replacesEntry: replacingEntries,
                tags: call.tags
            )
            let options = ReadOptions(
                wantsTimes: true,
                lease: lease,
                expectedTags: call.tags,
                freshness: call.freshness,
                coder: self.coder(for: Value.self)
            )
            let found = try await self.readAll(keys, options)
            for (place, (key, lookup)) in zip(places, zip(keys, found)) {
                if case .absent(.granted(let lease)) = lookup {
                    place.flight.met(lease.meeting)
                    let seat = Seat(
                        key: key,
                        place: place,
                        lease: lease,
                        serial: lease.serial,
                        meeting: lease.meeting
                    )
                    seats.add(seat)
                    continue
                }
                self.dismiss(place)
                switch lookup {
                case .found(let entry):
                    if let fetched = self.fetched(entry, Value.self, key) {
                        seats.found[key] = fetched
                    } else {
                        answers.unusable.append(key)
                    }
                case .absent(.held(let holder)):
                    if let seat = try self.seat(beside: holder, key, call.policy.scope) {
                        seats.add(seat)
                    } else {
                        answers.ended.append(Lease(key: key, token: holder.token, stamp: .none))
                    }
                case .absent:
                    seats.add(Seat(key: key, place: try self.flights.joinOrBegin(.key(key))))
                }
            }
        } catch {
            for place in places { self.dismiss(place) }
            self.releaseUnknownLeases(on: keys, token)
            throw error
        }
        return answers
    }

    /// The seat of a call that was shown somebody else's lease.
    ///
    /// A flight of this cache whose lease is from before another server took over is as good as another process': the
    /// server may have forgotten the invalidation that had parted the caller from it. Its end is waited for.
    ///
    /// - Returns: `nil` where the lease belongs to a flight of this cache that has ended.
    private func seat(beside holder: LeaseHolder, _ key: StoreKey, _ scope: FetchPolicy.Scope) throws -> Seat? {
        let isCutOff = self.flights.isCutOff(holder, key)
        let isAwaited = scope == .fleet && (isCutOff || !self.flights.owns(holder.token))
        if isAwaited { try CurrentFill.check(holder.token, key) }
        let place =
            isCutOff
            ? try self.flights.joinOrBegin(.successor(holder.token, key, meeting: holder.meeting))
            : try self.flights.joinHolder(holder.token, key)
        guard let place else { return nil }
        return Seat(
            key: key,
            place: place,
            serial: holder.serial,
            meeting: holder.meeting,
            awaited: isAwaited ? holder : nil
        )
    }

    /// A fresh entry as a fetch returns it, with its tags handed up.
    private func fetched<Value: Codable & Sendable>(
        _ entry: StoredEntry,
        _ type: Value.Type,
        _ key: StoreKey
    ) -> Fetched<Value>? {
        guard !entry.isStale, let value = self.decoded(entry.value, type, key) else { return nil }
        self.handUp(entry.marks)
        return Fetched(value: value, outcome: .hit(entry.info))
    }

    /// Gives up the leases of keys whose unusable entry somebody has replaced by a good one before we got the lease.
    private func giveUpReplaced<Value>(
        _ keys: Set<StoreKey>,
        _ call: FetchCall<Value>,
        _ seats: inout SeatedKeys<Value>
    ) async throws {
        let candidates = seats.own.filter { keys.contains($0.key) && $0.lease != nil }
        guard !candidates.isEmpty else { return }
        let options = ReadOptions(
            wantsTimes: true,
            expectedTags: call.tags,
            // A copy of what was to be replaced is no replacement of it.
            freshness: call.freshness,
            coder: self.coder(for: Value.self)
        )
        let found = try await self.readAll(candidates.map(\.key), options)
        for (seat, lookup) in zip(candidates, found) {
            guard case .found(let entry) = lookup,
                call.policy.decision(on: entry, chance: call.chances[seat.key] ?? 1) == .serve,
                let fetched = self.fetched(entry, Value.self, seat.key)
            else { continue }
            seats.found[seat.key] = fetched
            seats.own.removeAll { $0.key == seat.key }
            self.giveUp(seat)
        }
    }

    // MARK: Giving back

    /// Ends a flight that turned out not to be needed; who has joined it meanwhile looks again.
    private func dismiss(_ place: FlightTable.Place) {
        self.flights.forget(place.id, place.flight)
        place.flight.end(.success(.lookAgain))
    }

    /// Ends a flight that is not to begin, and gives its lease back.
    func giveUp(_ seat: Seat) {
        self.dismiss(seat.place)
        if let lease = seat.lease { self.release([lease]) }
    }

    /// Gives back leases that the store may have granted without our hearing of it.
    func releaseUnknownLeases(on keys: [StoreKey], _ token: LeaseToken) {
        self.release(keys.map { Lease(key: $0, token: token, stamp: .none) })
    }

    @discardableResult
    func release(_ leases: [Lease]) -> Task<Void, Never> {
        // In a task of its own, which the cancellation of whoever left last does not reach.
        self.flights.run { [space = self.space, logger = self.logger] in
            await Self.release(leases, to: space, logger)
        }
    }

    static func release(_ leases: [Lease], to space: any NamespaceStore, _ logger: Logger) async {
        do {
            try await space.release(leases)
        } catch {
            // The lease runs out by itself.
            logger.debug("A lease could not be given back", metadata: ["larder.error": "\(error)"])
        }
    }
}

extension NamespaceStamp {
    /// For leases of which nothing but the token is known.
    fileprivate static let none = NamespaceStamp(generation: 0, epoch: 0)
}
