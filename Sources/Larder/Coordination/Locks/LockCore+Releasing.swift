import Logging

// Giving locks back.
extension LockCore {
    /// What became of an attempt to give a lock back.
    enum Release {
        case done
        /// The store says that it was not held.
        case notHeld
        /// Nobody knows; if it is held, its lease ends by itself.
        case unknown
    }

    /// Gives a lock back, also when the caller is cancelled; ends within ``releaseLimit`` and one answer of the store.
    func release(_ request: LockRequest) async -> Release {
        let limit = self.clock.now.advanced(by: min(request.lease, Self.releaseLimit))
        // Mostly one question is enough, and needs no task of its own.
        let isCancelled = Task.isCancelled
        if !isCancelled, let answer = try? await self.space.release(request.resource, owner: request.owner) {
            return self.judge(answer, isRepetition: false, request)
        }
        // What failed is asked again, and tells then why: in a task that the caller's cancellation does not reach. It is
        // waited for here.
        return await Task { await self.tryToRelease(request, until: limit, isRepetition: !isCancelled) }.value
    }

    private func tryToRelease(_ request: LockRequest, until limit: CacheInstant, isRepetition: Bool) async -> Release {
        var isRepetition = isRepetition
        let result = await self.persist(until: limit) { () -> Release in
            defer { isRepetition = true }
            let answer = try await self.space.release(request.resource, owner: request.owner)
            return self.judge(answer, isRepetition: isRepetition, request)
        }
        switch result {
        case .success(let release): return release
        case .failure(let error):
            self.logger.warning(
                "A lock could not be released; its lease ends by itself",
                metadata: ["larder.lock": "\(request.resource.name)", "larder.error": "\(error)"]
            )
            return .unknown
        }
    }

    private func judge(_ answer: ReleaseAnswer, isRepetition: Bool, _ request: LockRequest) -> Release {
        switch answer {
        case .released: return .done
        case .notHeld: return .notHeld
        case .forgotten:
            // Whoever has asked once only cannot have given it back before.
            guard isRepetition else { return .notHeld }
            self.logger.warning(
                "A lock was released or lost when its section had ended; the store does not know which",
                metadata: ["larder.lock": "\(request.resource.name)"]
            )
            return .unknown
        }
    }

    /// Gives back what may have been granted, and what may yet be, also when the caller is cancelled.
    ///
    /// Ends within ``abandonLimit`` and one answer of the store. What is granted all the same ends with its lease.
    func abandon(_ request: LockRequest) async {
        await Task {
            let limit = self.clock.now.advanced(by: Self.abandonLimit)
            let result = await self.persist(until: limit) {
                try await self.space.abandon(request.resource, owner: request.owner)
            }
            guard case .failure(let error) = result else { return }
            self.logger.debug(
                "A lock that may have been granted could not be given up",
                metadata: ["larder.lock": "\(request.resource.name)", "larder.error": "\(error)"]
            )
        }.value
    }

    /// Tries something again, with growing pauses, until it succeeds or the time is over.
    private func persist<Value: Sendable>(
        until limit: CacheInstant,
        _ body: () async throws -> Value
    ) async -> Result<Value, any Error> {
        var pause = Duration.milliseconds(5)
        while true {
            do {
                return .success(try await body())
            } catch {
                let next = self.clock.now.advanced(by: pause)
                // Slept through, for lack of anybody to cancel it.
                guard next < limit, (try? await self.clock.sleep(until: next)) != nil else { return .failure(error) }
                pause = min(pause * 2, .milliseconds(200))
            }
        }
    }
}
