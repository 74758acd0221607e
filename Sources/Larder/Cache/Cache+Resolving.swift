import Logging

/// How fetches that missed get their values: by joining the flights of others, and by filling the rest themselves.
extension Cache {
    /// Brings the values of keys that a read has not found.
    ///
    /// - Returns: The values of all keys but those that the caller's own fill left out.
    func resolve<Value>(
        _ keys: [StoreKey],
        _ call: FetchCall<Value>
    ) async throws -> [StoreKey: Fetched<Value>] {
        var results: [StoreKey: Fetched<Value>] = [:]
        guard !keys.isEmpty else { return results }
        try FillScope.check(ObjectIdentifier(self), keys, name: \.name)
        var call = call
        var open = keys
        while !open.isEmpty {
            var seats = SeatedKeys<Value>()
            if call.storeIsAvailable {
                do {
                    seats = try await self.takeLeases(on: open, replacing: Set(call.stale.keys), call)
                } catch {
                    try self.tolerate(error, call.onFailure, keys: open.count)
                    call.storeIsAvailable = false
                }
            }
            if !call.storeIsAvailable {
                seats = try self.takeSeatsWithoutStore(on: open)
            }
            results.merge(seats.found) { _, found in found }
            self.begin(seats.own, call)
            open = try await self.collect(seats, call, into: &results)
            if !open.isEmpty, self.clock.now >= call.deadline {
                for key in open {
                    let error = CacheError(.fillTimedOut, "others held the lease for too long", key: key.name)
                    guard let stale = self.standIn(for: key, error, call) else { throw error }
                    results[key] = stale
                }
                return results
            }
        }
        return results
    }

    /// Begins the flights whose leader the caller is.
    private func begin<Value>(_ seats: [Seat], _ call: FetchCall<Value>) {
        let fills = seats.filter { $0.awaited == nil }
        if call.fillsApart {
            for seat in fills { self.fill([seat], call) }
        } else if !fills.isEmpty {
            self.fill(fills, call)
        }
        for seat in seats {
            if let holder = seat.awaited { self.await(holder, for: seat, call.policy) }
        }
    }

    // MARK: Waiting

    /// Waits for all flights.
    ///
    /// - Returns: The keys for which the store has to be asked again.
    private func collect<Value>(
        _ seats: SeatedKeys<Value>,
        _ call: FetchCall<Value>,
        into results: inout [StoreKey: Fetched<Value>]
    ) async throws -> [StoreKey] {
        var again = seats.again
        var waiting = (seats.own + seats.joined)[...]
        let timer = self.softTimer(waiting, call)
        defer { timer?.cancel() }
        while let seat = waiting.popFirst() {
            do {
                let landing = try await seat.place.flight.landing(in: seat.place.seat)
                if let value = self.value(of: landing, for: seat, Value.self) {
                    results[seat.key] = value
                } else if case .noValue(let tags) = landing, seat.place.isLeader {
                    self.handUp(tags)
                } else {
                    again.append(seat.key)
                }
            } catch {
                if let stale = self.standIn(for: seat.key, error, call) {
                    results[seat.key] = stale
                    continue
                }
                for seat in waiting { seat.place.flight.leave(seat.place.seat) }
                throw error
            }
        }
        return again
    }

    /// What a landing is worth to a call; `nil` where it has to look again, or where there is no value.
    private func value<Value: Codable & Sendable>(
        of landing: FillLanding,
        for seat: Seat,
        _ type: Value.Type
    ) -> Fetched<Value>? {
        // Where it does not decode, another call has filled the key with a value of another type.
        guard case .filled(let entry, let info, let tags) = landing,
            let value = try? self.coder(for: type).value(of: entry, at: seat.key)
        else { return nil }
        if !seat.place.isLeader {
            if tags.isCutOff(fromCallerUnder: seat.meeting) { return nil }
            if !info.isStored, tags.mayBeOutdated(forCallerAt: seat.serial) { return nil }
        }
        self.handUp(tags)
        return Fetched(value: value, outcome: seat.place.isLeader ? .filled(info) : .joined(info))
    }

    /// Ends the waits of a call for keys that it has a stale value of, when it has waited long enough.
    private func softTimer<Value>(_ seats: ArraySlice<Seat>, _ call: FetchCall<Value>) -> Task<Void, Never>? {
        guard let deadline = call.softDeadline else { return nil }
        let impatient = seats.filter { call.stale[$0.key] != nil }
        guard !impatient.isEmpty else { return nil }
        return self.flights.run { [clock = self.clock] in
            do { try await clock.sleep(until: deadline) } catch { return }
            for seat in impatient { seat.place.flight.part(from: seat.place.seat, SoftTimeout()) }
        }
    }

    /// The stale value that takes the place of one that did not come.
    private func standIn<Value>(
        for key: StoreKey,
        _ error: any Error,
        _ call: FetchCall<Value>
    ) -> Fetched<Value>? {
        guard !call.isWarming, let stale = call.stale[key], !(error is CancellationError && Task.isCancelled) else {
            return nil
        }
        if !(error is SoftTimeout) {
            self.logger.warning(
                "A fill failed, and a stale value takes its place",
                metadata: ["larder.key": "\(key.name)", "larder.error": "\(Self.summary(of: error))"]
            )
        }
        self.note(.staleServe, key)
        self.handUp(call.staleMarks[key] ?? [])
        return stale
    }

    /// What may stand in a log of an error that somebody else has made: it could carry values.
    private static func summary(of error: any Error) -> String {
        (error as? CacheError)?.description ?? "\(type(of: error))"
    }

    // MARK: Waiting for other processes

    /// Waits until the lease of another process ends, and lets all who have joined the flight look again.
    private func await(_ holder: LeaseHolder, for seat: Seat, _ policy: FetchPolicy) {
        let task = FillTask(flights: 1)
        let flight = seat.place.flight
        flight.begin { _ in
            self.flights.forget(seat.place.id, flight)
            _ = task.flightEnded(isFailed: false)
        }
        guard task.begin() else { return }
        self.tell(.waitBegan(key: seat.key.name))
        let watch = self.flights.run {
            await self.awaitEnd(of: holder, on: seat.key)
            // Forgotten first: whoever comes now looks into the store by himself.
            self.flights.forget(seat.place.id, flight)
            flight.end(.success(.lookAgain))
        }
        let deadline = self.clock.now.advanced(by: policy.hardTimeout)
        let timer = self.flights.run {
            do { try await self.clock.sleep(until: deadline) } catch { return }
            // Each call knows by itself how long it waits.
            flight.end(.success(.lookAgain))
        }
        task.own([watch, timer])
    }

    /// Returns when a lease has ended or run out, or when the store cannot tell; at once where the task is cancelled.
    private func awaitEnd(of holder: LeaseHolder, on key: StoreKey) async {
        do {
            guard let signal = try await self.space.listen(for: key) else {
                return try await self.poll(for: holder, on: key)
            }
            defer { signal.cancel() }
            // Looked at again now that its end would be heard.
            while let left = try await self.timeLeft(of: holder, on: key) {
                try await signal.wait(atMost: left + .milliseconds(5))
            }
        } catch {
            // Whoever waits asks the store by himself, and hears from it what is wrong; not in haste, if it is the waiting
            // alone that fails.
            try? await self.clock.sleep(until: self.clock.now.advanced(by: .milliseconds(50)))
            self.logger.debug("Waiting for a lease ended early", metadata: ["larder.error": "\(error)"])
        }
    }

    /// Asks again and again, with pauses that grow up to 50 ms and are spread at random.
    private func poll(for holder: LeaseHolder, on key: StoreKey) async throws {
        var pause = Duration.milliseconds(4)
        while try await self.timeLeft(of: holder, on: key) != nil {
            let spread = pause * Double.random(in: 0.5...1)
            try await self.clock.sleep(until: self.clock.now.advanced(by: spread))
            pause = min(pause * 1.5, .milliseconds(50))
        }
    }

    /// How long a lease stands yet; `nil` where it has ended.
    func timeLeft(of holder: LeaseHolder, on key: StoreKey) async throws -> Duration? {
        let reports = try await self.space.report(on: key)
        let standing = reports.lazy.compactMap(\.holder).first { $0.token == holder.token }
        guard let standing, standing.timeLeft > .zero else { return nil }
        return standing.timeLeft
    }
}
