import Logging

/// How fetches that missed get their values: by joining the flights of others, and by filling the rest themselves.
extension Cache {
    typealias Fill<Value> = @Sendable ([StoreKey], FillContext) async throws -> [StoreKey: Value]

    /// Brings the values of keys that a read has not found.
    ///
    /// - Returns: The values of all keys but those that the caller's own fill left out.
    func resolve<Value: Codable & Sendable>(
        _ keys: [StoreKey],
        as type: Value.Type,
        storeIsAvailable: Bool,
        ttl: TimeToLive?,
        onFailure: FailurePolicy?,
        _ fill: @escaping Fill<Value>
    ) async throws -> [StoreKey: Fetched<Value>] {
        var results: [StoreKey: Fetched<Value>] = [:]
        guard !keys.isEmpty else { return results }
        try FillScope.check(ObjectIdentifier(self), keys, name: \.name)
        var open = keys
        var isAvailable = storeIsAvailable
        while !open.isEmpty {
            var seats = SeatedKeys<Value>()
            if isAvailable {
                do {
                    seats = try await self.takeLeases(on: open, type)
                } catch {
                    try self.tolerate(error, onFailure, keys: open.count)
                    isAvailable = false
                }
            }
            if !isAvailable {
                seats = try self.takeSeatsWithoutStore(on: open)
            }
            results.merge(seats.found) { _, found in found }
            self.begin(seats.own, storeIsAvailable: isAvailable, ttl: ttl, fill)
            open = try await self.collect(seats, into: &results)
        }
        return results
    }

    // MARK: Seats

    /// A seat in a flight, and the lease under which its value will be stored.
    struct Seat {
        var key: StoreKey
        var place: FlightTable.Place
        var lease: Lease?
    }

    struct SeatedKeys<Value: Sendable> {
        /// Keys that somebody has filled in the meantime.
        var found: [StoreKey: Fetched<Value>] = [:]
        /// Flights that the caller has to begin.
        var own: [Seat] = []
        /// Flights of others.
        var joined: [Seat] = []

        mutating func add(_ seat: Seat) {
            if seat.place.isLeader { self.own.append(seat) } else { self.joined.append(seat) }
        }
    }

    private func takeSeatsWithoutStore<Value: Sendable>(on keys: [StoreKey]) throws -> SeatedKeys<Value> {
        var seats = SeatedKeys<Value>()
        for key in keys {
            seats.add(Seat(key: key, place: try self.flights.joinOrBegin(.key(key)), lease: nil))
        }
        return seats
    }

    /// Asks the store for the leases of all keys, and finds for each the flight of the lease that the store then shows.
    private func takeLeases<Value: Codable & Sendable>(
        on keys: [StoreKey],
        _ type: Value.Type
    ) async throws -> SeatedKeys<Value> {
        var seats = SeatedKeys<Value>()
        do {
            let unusable = try await self.takeLeases(on: keys, replacingEntries: false, type, &seats)
            if !unusable.isEmpty {
                _ = try await self.takeLeases(on: unusable, replacingEntries: true, type, &seats)
                try await self.giveUpReplaced(Set(unusable), type, &seats)
            }
        } catch {
            for seat in seats.own { self.giveUp(seat) }
            for seat in seats.joined { seat.place.flight.leave(seat.place.seat) }
            throw error
        }
        return seats
    }

    /// - Returns: The keys whose entries are there but of no use, so that their leases have to be asked for expressly.
    private func takeLeases<Value: Codable & Sendable>(
        on keys: [StoreKey],
        replacingEntries: Bool,
        _ type: Value.Type,
        _ seats: inout SeatedKeys<Value>
    ) async throws -> [StoreKey] {
        var unusable: [StoreKey] = []
        var open = keys
        while !open.isEmpty {
            let answers = try await self.askForLeases(on: open, replacingEntries: replacingEntries, type, &seats)
            unusable += answers.unusable
            // Their flights are over, so either the value is there by now or nobody needs the lease any more.
            if !answers.ended.isEmpty { try await self.space.release(answers.ended) }
            open = answers.ended.map(\.key)
        }
        return unusable
    }

    private struct LeaseAnswers {
        /// Keys whose entries are there but of no use.
        var unusable: [StoreKey] = []
        /// Leases that stand for flights of this cache which have ended.
        var ended: [Lease] = []
    }

    private func askForLeases<Value: Codable & Sendable>(
        on keys: [StoreKey],
        replacingEntries: Bool,
        _ type: Value.Type,
        _ seats: inout SeatedKeys<Value>
    ) async throws -> LeaseAnswers {
        let token = self.flights.makeToken()
        // The flights are there before the store is asked: it may show our token to others before its answer is here.
        var places: [FlightTable.Place] = []
        var answers = LeaseAnswers()
        do {
            for key in keys { places.append(try self.flights.joinOrBegin(.lease(token, key))) }
            // Until the value is stored: what the fill may take, and as long again as a store may take to answer.
            let lease = LeaseRequest(
                token: token,
                duration: self.defaults.fetchPolicy.hardTimeout + .seconds(5),
                replacesEntry: replacingEntries
            )
            let options = ReadOptions(wantsTimes: true, lease: lease, coder: self.coder(for: type))
            let found = try await self.readAll(keys, options)
            for (place, (key, lookup)) in zip(places, zip(keys, found)) {
                if case .absent(.granted(let lease)) = lookup {
                    seats.add(Seat(key: key, place: place, lease: lease))
                    continue
                }
                self.dismiss(place)
                switch lookup {
                case .found(let entry):
                    if !entry.isStale, let value = self.decoded(entry.value, type, key) {
                        seats.found[key] = Fetched(value: value, outcome: .hit(entry.info))
                    } else {
                        answers.unusable.append(key)
                    }
                case .absent(.held(let holder)):
                    if let place = try self.flights.joinHolder(holder.token, key) {
                        seats.add(Seat(key: key, place: place, lease: nil))
                    } else {
                        let stamp = NamespaceStamp(generation: 0, epoch: 0)
                        answers.ended.append(Lease(key: key, token: holder.token, stamp: stamp))
                    }
                case .absent:
                    seats.add(Seat(key: key, place: try self.flights.joinOrBegin(.key(key)), lease: nil))
                }
            }
        } catch {
            for place in places { self.dismiss(place) }
            self.releaseUnknownLeases(on: keys, token)
            throw error
        }
        return answers
    }

    /// Gives up the leases of keys whose unusable entry somebody has replaced by a good one before we got the lease.
    private func giveUpReplaced<Value: Codable & Sendable>(
        _ keys: Set<StoreKey>,
        _ type: Value.Type,
        _ seats: inout SeatedKeys<Value>
    ) async throws {
        let candidates = seats.own.filter { keys.contains($0.key) }
        guard !candidates.isEmpty else { return }
        let options = ReadOptions(wantsTimes: true, coder: self.coder(for: type))
        let found = try await self.readAll(candidates.map(\.key), options)
        for (seat, lookup) in zip(candidates, found) {
            guard case .found(let entry) = lookup, !entry.isStale, let value = self.decoded(entry.value, type, seat.key)
            else { continue }
            seats.found[seat.key] = Fetched(value: value, outcome: .hit(entry.info))
            seats.own.removeAll { $0.key == seat.key }
            self.giveUp(seat)
        }
    }

    /// Ends a flight that turned out not to be needed; who has joined it meanwhile looks again.
    private func dismiss(_ place: FlightTable.Place) {
        self.flights.forget(place.id, place.flight)
        place.flight.end(.success(.lookAgain))
    }

    /// Ends a flight that is not to begin, and gives its lease back.
    private func giveUp(_ seat: Seat) {
        self.dismiss(seat.place)
        if let lease = seat.lease { self.release([lease]) }
    }

    /// Gives back leases that the store may have granted without our hearing of it.
    private func releaseUnknownLeases(on keys: [StoreKey], _ token: LeaseToken) {
        let stamp = NamespaceStamp(generation: 0, epoch: 0)
        self.release(keys.map { Lease(key: $0, token: token, stamp: stamp) })
    }

    private func release(_ leases: [Lease]) {
        _ = self.flights.run { [space = self.space, logger = self.logger] in
            await Self.release(leases, to: space, logger)
        }
    }

    private static func release(_ leases: [Lease], to space: any NamespaceStore, _ logger: Logger) async {
        do {
            try await space.release(leases)
        } catch {
            // The lease runs out by itself.
            logger.debug("A lease could not be given back", metadata: ["larder.error": "\(error)"])
        }
    }

    // MARK: Filling

    private func begin<Value: Codable & Sendable>(
        _ seats: [Seat],
        storeIsAvailable: Bool,
        ttl: TimeToLive?,
        _ fill: @escaping Fill<Value>
    ) {
        guard !seats.isEmpty else { return }
        let task = FillTask(flights: seats.count)
        for seat in seats {
            seat.place.flight.begin { end in
                self.flights.forget(seat.place.id, seat.place.flight)
                if end.leavesLease, let lease = seat.lease { self.release([lease]) }
                if task.flightEnded(isFailed: end.isFailed) { self.counterStorage.add(to: .failedFill) }
            }
        }
        guard task.begin() else { return }
        self.counterStorage.add(to: .fill)
        let filling = self.flights.run {
            await self.run(fill, for: seats, storeIsAvailable: storeIsAvailable, ttl: ttl)
        }
        let deadline = self.clock.now.advanced(by: self.defaults.fetchPolicy.hardTimeout)
        let timer = self.flights.run {
            do { try await self.clock.sleep(until: deadline) } catch { return }
            for seat in seats {
                let message = "the fill did not finish within \(self.defaults.fetchPolicy.hardTimeout)"
                seat.place.flight.abort(CacheError(.fillTimedOut, message, key: seat.key.name))
            }
        }
        task.own([filling, timer])
    }

    private func run<Value: Codable & Sendable>(
        _ fill: Fill<Value>,
        for seats: [Seat],
        storeIsAvailable: Bool,
        ttl: TimeToLive?
    ) async {
        let keys = seats.map(\.key)
        let context = FillContext(ttl: ttl)
        let scope = FillScope(ObjectIdentifier(self), keys, within: CurrentFill.scope)
        let start = self.clock.now
        do {
            defer { scope.end() }
            let values = try await CurrentFill.$scope.withValue(scope) { try await fill(keys, context) }
            let cost = start.duration(to: self.clock.now)
            try await self.finish(seats, values, cost, context, storeIsAvailable: storeIsAvailable)
        } catch {
            for seat in seats { seat.place.flight.end(.failure(error)) }
        }
    }

    /// Stores what a fill has brought and tells everyone who waits for it.
    private func finish<Value: Codable & Sendable>(
        _ seats: [Seat],
        _ values: [StoreKey: Value],
        _ cost: Duration,
        _ context: FillContext,
        storeIsAvailable: Bool
    ) async throws {
        let coder = self.coder(for: Value.self)
        let lifetime = context.isStored ? EntryLifetime(context.ttl, defaults: self.defaults) : nil
        var arrived: [(seat: Seat, entry: EntryValue, commit: EntryCommit?)] = []
        for seat in seats where seat.place.flight.beginCommitting() {
            guard let value = values[seat.key] else {
                seat.place.flight.end(.success(.noValue))
                continue
            }
            let entry = coder.entry(for: value)
            var commit: EntryCommit?
            if let lease = seat.lease, let lifetime {
                let write = EntryWrite(key: seat.key, value: entry, coder: coder, lifetime: lifetime, fillCost: cost)
                commit = EntryCommit(write: write, lease: lease)
            }
            arrived.append((seat, entry, commit))
        }
        // Before anybody is told: whoever fetches next, from wherever, shall find the key free.
        let unused = arrived.filter { $0.commit == nil }.compactMap(\.seat.lease)
        if !unused.isEmpty { await Self.release(unused, to: self.space, self.logger) }
        var outcomes = try await self.commit(arrived.compactMap(\.commit))[...]
        for (seat, entry, commit) in arrived {
            let outcome = commit == nil ? .failed : outcomes.popFirst() ?? .failed
            let info = FillInfo(
                isStored: outcome == .stored,
                freshFor: lifetime.map(\.freshFor) ?? .zero,
                cost: cost,
                storeWasUnavailable: !storeIsAvailable
            )
            seat.place.flight.end(.success(.filled(entry, info)), leavesLease: commit != nil && outcome == .failed)
        }
    }

    private enum CommitOutcome {
        /// The value is in the store.
        case stored
        /// The lease did not stand any more.
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

    // MARK: Waiting

    /// Waits for all flights.
    ///
    /// - Returns: The keys for which the store has to be asked again.
    private func collect<Value: Codable & Sendable>(
        _ seats: SeatedKeys<Value>,
        into results: inout [StoreKey: Fetched<Value>]
    ) async throws -> [StoreKey] {
        let coder = self.coder(for: Value.self)
        var again: [StoreKey] = []
        var waiting = (seats.own + seats.joined)[...]
        while let seat = waiting.popFirst() {
            do {
                switch try await seat.place.flight.landing(in: seat.place.seat) {
                case .filled(let entry, let info):
                    guard let value = try? coder.value(of: entry) else {
                        // Another call filled the key with a value of another type.
                        again.append(seat.key)
                        continue
                    }
                    let outcome: FetchOutcome = seat.place.isLeader ? .filled(info) : .joined(info)
                    results[seat.key] = Fetched(value: value, outcome: outcome)
                case .noValue:
                    if !seat.place.isLeader { again.append(seat.key) }
                case .lookAgain:
                    again.append(seat.key)
                }
            } catch {
                for seat in waiting { seat.place.flight.leave(seat.place.seat) }
                throw error
            }
        }
        return again
    }
}
