import Larder

/// Makes the calls of a history and writes them down.
struct HistoryPlayer: Sendable {
    let seed: UInt64
    let options: HistoryOptions
    let policy: FetchPolicy
    let caches: [Cache]
    let recorder: HistoryRecorder
    let time: HistoryTime
    /// Where calls wait while a disturbance holds them up.
    var gate: HistoryGate?

    /// What a fill throws that is to fail.
    private struct FillFailed: Error {}

    /// Who calls.
    private struct Caller: Sendable {
        var process: Int
        var task: Int
    }

    /// Runs all tasks, and looks at every key when they have ended.
    func play() async {
        let share = (self.options.operations + self.options.tasks - 1) / self.options.tasks
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<self.options.tasks {
                group.addTask {
                    let caller = Caller(process: task % self.caches.count, task: task)
                    for index in 0..<share {
                        await self.rest(task, index)
                        if await self.gate?.pass() == false { return }
                        await self.take(
                            HistoryStep(seed: self.seed, task: task, index: index, self.options),
                            caller
                        )
                    }
                }
            }
        }
        for name in self.options.keyNames + self.options.counterNames {
            _ = await self.gate?.pass()
            await self.get(name, Caller(process: 0, task: self.options.tasks))
        }
    }

    /// Waits between two calls of a task, where the options want it.
    private func rest(_ task: Int, _ index: Int) async {
        guard self.options.rest > .zero else { return }
        var random = SeededGenerator(seed: self.seed, UInt64(task), UInt64(index), 0x4E57)
        let nanoseconds = Int64.random(in: 0...(2 * self.options.rest.wholeNanoseconds), using: &random)
        // Whoever is cancelled has rested long enough.
        try? await self.time.clock.sleep(until: self.time.clock.now.advanced(by: .nanoseconds(nanoseconds)))
    }

    private func take(_ step: HistoryStep, _ caller: Caller) async {
        let pauses = HistoryPauses(seed: step.pauseSeed, longest: self.options.longestPause, self.time)
        await HistoryPauses.$current.withValue(pauses) {
            await pauses.pause()
            guard step.isCancelled else { return await self.perform(step, caller) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.perform(step, caller) }
                group.addTask { await pauses.pause() }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private func perform(_ step: HistoryStep, _ caller: Caller) async {
        let cache = self.caches[caller.process]
        switch step.operation {
        case .get:
            await self.get(step.keys[0], caller)
        case .fetch:
            // What it throws is written down.
            _ = try? await self.fetch(step, caller)
        case .fetchMany:
            await self.fetchMany(step, caller)
        case .set, .add:
            await self.write(step, caller)
        case .increment:
            await self.record(step, caller) { call in
                let key = CacheKey<Int>(step.keys[0])
                call.number = try await cache.increment(key, by: step.delta, initial: 0, ttl: nil)
            }
        case .remove:
            await self.record(step, caller) { _ in
                try await cache.remove(CacheKey<Never>(step.keys[0]))
            }
        case .removeMatching:
            await self.record(step, caller) { _ in
                try await cache.removeAll(matching: GlobPattern(step.pattern ?? "*"))
            }
        case .invalidate:
            await self.record(step, caller) { _ in try await cache.invalidate(tags: step.tags) }
        case .expire:
            await self.record(step, caller) { _ in try await cache.expire(tags: step.tags) }
        case .clear:
            await self.record(step, caller) { _ in try await cache.clear() }
        }
    }

    // MARK: Calls

    /// Writes down a call: its beginning, what came of it, its end.
    private func record(
        _ step: HistoryStep,
        _ caller: Caller,
        written: String? = nil,
        _ body: (inout HistoryCall) async throws -> Void
    ) async {
        let id = self.begin(step, caller, written: written)
        await self.finish(id, body)
    }

    private func begin(_ step: HistoryStep, _ caller: Caller, written: String? = nil) -> Int {
        self.recorder.begin(step.operation, process: caller.process, task: caller.task) { call in
            call.keys = step.keys
            call.pattern = step.pattern
            call.tags = step.tags
            call.written = written
            if step.operation == .increment { call.delta = step.delta }
            guard [.fetch, .fetchMany, .set, .add].contains(step.operation) else { return }
            call.ttl = step.ttl
            call.grace = Int(self.policy.staleOnError / .milliseconds(1))
            call.refreshes = self.policy.refreshAfter != nil || self.policy.earlyRefresh > 0
        }
    }

    private func finish(_ id: Int, _ body: (inout HistoryCall) async throws -> Void) async {
        var found = HistoryCall(.get, begin: 0)
        do {
            try await body(&found)
        } catch {
            found.error = Self.name(of: error)
        }
        let result = found
        self.recorder.end(id) { call in
            call.values = result.values
            call.number = result.number
            call.hasWritten = result.hasWritten
            call.error = result.error
        }
    }

    private static func name(of error: any Error) -> String {
        switch error {
        case let error as CacheError: error.code.description
        case is CancellationError: "cancelled"
        case is FillFailed: "fillFailed"
        default: "\(type(of: error))"
        }
    }

    private func get(_ name: String, _ caller: Caller) async {
        let cache = self.caches[caller.process]
        let id = self.recorder.begin(.get, process: caller.process, task: caller.task) { $0.keys = [name] }
        await self.finish(id) { call in
            if self.options.counterNames.contains(name) {
                call.number = try await cache.get(CacheKey<Int>(name))
            } else {
                call.values = [try await cache.get(CacheKey<String>(name))]
            }
        }
    }

    private func write(_ step: HistoryStep, _ caller: Caller) async {
        let verbs = HistoryVerbs(cache: self.caches[caller.process])
        let value = "\(step.keys[0])#\(self.recorder.valueNumber())"
        await self.record(step, caller, written: value) { call in
            if step.operation == .set {
                try await verbs.set(value, step)
            } else {
                call.hasWritten = try await verbs.add(value, step)
            }
        }
    }

    // MARK: Fetches

    private func fetch(_ step: HistoryStep, _ caller: Caller) async throws -> String {
        let verbs = HistoryVerbs(cache: self.caches[caller.process])
        let id = self.begin(step, caller)
        do {
            let value = try await verbs.fetch(step) { context in
                try await self.fill(step.keys, step, caller, by: id, context)[0]
            }
            self.recorder.end(id) { $0.values = [value] }
            return value
        } catch {
            self.recorder.end(id) { $0.error = Self.name(of: error) }
            throw error
        }
    }

    private func fetchMany(_ step: HistoryStep, _ caller: Caller) async {
        let verbs = HistoryVerbs(cache: self.caches[caller.process])
        let id = self.begin(step, caller)
        await self.finish(id) { call in
            let values = try await verbs.fetchMany(step) { missing in
                let values = try await self.fill(missing.map(\.name), step, caller, by: id, nil)
                return Dictionary(uniqueKeysWithValues: zip(missing, values))
            }
            call.values = step.keys.map { values[CacheKey($0)] }
        }
    }

    /// Does what the script of a fill says; its context is `nil` in `fetchMany`, whose fills have none.
    ///
    /// - Returns: A value for each key, which names the fill.
    /// - Throws: What the script says; what an inner fetch throws.
    private func fill(
        _ keys: [String],
        _ step: HistoryStep,
        _ caller: Caller,
        by call: Int,
        _ context: FillContext?
    ) async throws -> [String] {
        let number = self.recorder.valueNumber()
        let values = keys.map { "\($0)#\(number)" }
        let place = self.recorder.beginFill(of: values, by: call)
        do {
            try await self.follow(step, caller, place, context)
            self.recorder.note(place) { fill, moment in
                fill.end = moment
                fill.outcome = Task.isCancelled ? .cancelled : .finished
            }
            return values
        } catch {
            self.recorder.note(place) { fill, moment in
                fill.end = moment
                fill.outcome = Task.isCancelled ? .cancelled : .failed
            }
            throw error
        }
    }

    private func follow(
        _ step: HistoryStep,
        _ caller: Caller,
        _ place: HistoryRecorder.FillPlace,
        _ context: FillContext?
    ) async throws {
        let pauses = HistoryPauses.current
        let cache = self.caches[caller.process]
        let script = step.fill
        await pauses?.pause()
        for tag in script.dependencies {
            self.recorder.note(place) { $0.dependencies.append(.init(tag: tag, begin: $1, end: $1)) }
            if let context {
                try await context.depends(on: tag)
            } else {
                try await cache.depends(on: tag)
            }
            self.recorder.note(place) { $0.dependencies[$0.dependencies.count - 1].end = $1 }
        }
        await pauses?.pause()
        if let part = script.part {
            let value = try await self.fetch(self.innerStep(part, step), caller)
            self.recorder.note(place) { fill, _ in fill.parts.append(value) }
        }
        await pauses?.pause()
        if script.isEndless { await pauses?.sleep(self.options.hardTimeout * 2) }
        if script.fails { throw FillFailed() }
        if let context {
            if !script.lateTags.isEmpty {
                try context.addTags(script.lateTags)
                self.recorder.note(place) { fill, _ in fill.lateTags = script.lateTags }
            }
            if !script.isStored {
                context.doNotStore()
                self.recorder.note(place) { fill, _ in fill.isStored = false }
            }
        }
    }

    /// The fetch within a fill: a plain one, under one tag of its own.
    private func innerStep(_ key: String, _ outer: HistoryStep) -> HistoryStep {
        var inner = outer
        inner.keys = [key]
        inner.fill = FillScript()
        if self.options.tags > 0 { inner.tags = [self.options.tagNames[key.utf8.count % self.options.tags]] }
        return inner
    }
}
