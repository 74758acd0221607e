import Logging

/// How values are filled anew behind the callers who are served with what there is.
extension Cache {
    /// Begins a fill of a key that nobody waits for, unless one is under way or has just failed.
    func refresh<Value>(_ key: StoreKey, _ call: FetchCall<Value>) {
        guard self.refreshes.begin(key) else { return }
        // The fill is nobody's part: what it fetches hands no tags up, and it may be waited for.
        CurrentFill.$scope.withValue(nil) {
            _ = self.flights.run {
                await self.fillBehind(key, call)
                self.refreshes.end(key)
            }
        }
    }

    private func fillBehind<Value>(_ key: StoreKey, _ call: FetchCall<Value>) async {
        var call = call
        call.stale = [:]
        call.softDeadline = nil
        do {
            let seats = try await self.takeLeases(on: [key], replacing: [key], call)
            for seat in seats.joined { seat.place.flight.leave(seat.place.seat) }
            for seat in seats.own {
                if seat.awaited != nil || seat.lease == nil {
                    // Another process fills it, or nobody can; either way there is nothing to do here.
                    self.refreshes.pause([key], for: call.policy.retryAfter)
                    self.giveUp(seat)
                    continue
                }
                self.fill([seat], call, isBehind: true)
                // Nobody cancels this task, so the fill is wanted to its end.
                _ = try await seat.place.flight.landing(in: seat.place.seat)
            }
        } catch {
            // The next caller is served all the same, and tries again after the pause.
            self.refreshes.pause([key], for: call.policy.retryAfter)
            _ = self.failure(error)
            self.logger.debug(
                "A refresh failed",
                metadata: ["larder.key": "\(key.name)", "larder.error": "\(type(of: error))"]
            )
        }
    }
}
