import Logging

/// One pass of a warmer through all that is to be warmed.
struct WarmingPass {
    /// A thing to be warmed, with the fill that it belongs to.
    private struct Work {
        var fill: String
        var item: WarmingFill.Item
    }

    private enum Outcome {
        case filled
        case present
        case failed(any Error)
    }

    private let warmer: Warmer
    private let start: CacheInstant
    private var progress = WarmingProgress()
    private var works: [Work] = []
    /// Which works are done, from the first that is not on.
    private var doneAhead: Set<Int> = []
    /// The first work that is not done.
    private var low = 0
    private var nextReport: CacheInstant
    private var isMarkDue = false

    init(_ warmer: Warmer) {
        self.warmer = warmer
        self.start = warmer.clock.now
        self.nextReport = self.start.advanced(by: warmer.options.reportInterval)
    }

    /// - Throws: ``CacheError`` with ``CacheError/Code/warmingStopped``; `CancellationError`.
    mutating func run() async throws -> WarmingProgress {
        do {
            try await self.makeLists()
            try await self.resume()
            self.report()
            try await self.workOff()
        } catch {
            self.progress.elapsed = self.start.duration(to: self.warmer.clock.now)
            self.warmer.passes.note(self.progress)
            await self.leaveMark()
            throw error
        }
        await self.removeMark()
        self.progress.isFinished = true
        self.report()
        return self.progress
    }

    // MARK: What there is to do

    private mutating func makeLists() async throws {
        for fill in self.warmer.fills {
            do {
                let items = try await fill.items()
                self.works += items.map { Work(fill: fill.name, item: $0) }
            } catch {
                try Task.checkCancellation()
                // The list counts as one thing that could not be warmed.
                self.progress.total += 1
                try self.note(.failed(error), fill.name, "the list")
            }
        }
        self.progress.total += self.works.count
    }

    /// Goes on where an interrupted pass has left its mark.
    private mutating func resume() async throws {
        guard let checkpoint = self.warmer.options.checkpoint else { return }
        do {
            guard let mark = try await checkpoint.load() else { return }
            let place = self.works.firstIndex { $0.fill == mark.fill && $0.item.name == mark.key }
            // A key that is not there any more says nothing about the others.
            guard let place else { return }
            self.low = place + 1
            self.progress.resumed = place + 1
        } catch {
            try Task.checkCancellation()
            self.logCheckpoint(error)
        }
    }

    // MARK: Doing it

    private mutating func workOff() async throws {
        let concurrency = self.warmer.options.concurrency
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            // Ended early, the group waits for its tasks, which are cancelled then.
            defer { group.cancelAll() }
            var next = self.low
            while next < min(self.low + concurrency, self.works.count) {
                Self.add(self.works[next], next, to: &group)
                next += 1
            }
            while let (index, outcome) = try await group.next() {
                try Task.checkCancellation()
                try self.note(outcome, self.works[index].fill, self.works[index].item.name)
                self.done(index)
                await self.reportWhenDue()
                if next < self.works.count {
                    Self.add(self.works[next], next, to: &group)
                    next += 1
                }
            }
        }
    }

    private static func add(
        _ work: Work,
        _ index: Int,
        to group: inout ThrowingTaskGroup<(Int, Outcome), any Error>
    ) {
        group.addTask {
            do {
                return (index, try await work.item.warm() ? .filled : .present)
            } catch {
                return (index, .failed(error))
            }
        }
    }

    private mutating func note(_ outcome: Outcome, _ fill: String, _ name: String) throws {
        switch outcome {
        case .filled: self.progress.filled += 1
        case .present: self.progress.present += 1
        case .failed(let error):
            self.progress.failed += 1
            // Errors of others could carry values.
            let summary = (error as? CacheError)?.description ?? "\(type(of: error))"
            self.warmer.logger.warning(
                "Something could not be warmed",
                metadata: ["larder.fill": "\(fill)", "larder.key": "\(name)", "larder.error": "\(summary)"]
            )
            if let limit = self.warmer.options.failureLimit, self.progress.failed > limit {
                throw CacheError(.warmingStopped, "\(self.progress.failed) fills failed", key: name, underlying: error)
            }
        }
    }

    private mutating func done(_ index: Int) {
        self.doneAhead.insert(index)
        while self.doneAhead.remove(self.low) != nil {
            self.low += 1
            self.isMarkDue = true
        }
    }

    // MARK: Telling of it

    private mutating func reportWhenDue() async {
        let now = self.warmer.clock.now
        guard now >= self.nextReport else {
            self.progress.elapsed = self.start.duration(to: now)
            self.warmer.passes.note(self.progress)
            return
        }
        self.nextReport = now.advanced(by: self.warmer.options.reportInterval)
        self.report()
        await self.leaveMark()
    }

    private mutating func report() {
        self.progress.elapsed = self.start.duration(to: self.warmer.clock.now)
        self.warmer.passes.tell(self.progress)
        self.warmer.onProgress?(self.progress)
    }

    private mutating func leaveMark() async {
        guard let checkpoint = self.warmer.options.checkpoint, self.isMarkDue, self.low > 0 else { return }
        self.isMarkDue = false
        let last = self.works[self.low - 1]
        let mark = WarmingMark(fill: last.fill, key: last.item.name)
        // In a task of its own, which the cancellation that ends the pass does not reach; it is waited for.
        let result = await Task { try await checkpoint.save(mark) }.result
        if case .failure(let error) = result { self.logCheckpoint(error) }
    }

    private func removeMark() async {
        guard let checkpoint = self.warmer.options.checkpoint else { return }
        do {
            try await checkpoint.remove()
        } catch {
            self.logCheckpoint(error)
        }
    }

    private func logCheckpoint(_ error: any Error) {
        let summary = (error as? CacheError)?.description ?? "\(type(of: error))"
        self.warmer.logger.warning(
            "The checkpoint of a warming cannot be used",
            metadata: ["larder.error": "\(summary)"]
        )
    }
}
