/// Tags: names for the data that entries are made of, by which all of them can be invalidated at once.
extension Cache {
    /// Makes every entry under one of these tags absent, at the same cost however many there are.
    ///
    /// When this has returned, nobody who asks afterwards gets a value whose fill began before: not from the store, not by
    /// joining a fill under way, and not later.
    ///
    /// - Parameter tags: The tags.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag`` or ``CacheError/Code/unavailable``.
    public func invalidate(tags: [String]) async throws {
        try await self.invalidate(tags, .dead)
    }

    /// Makes every entry under one of these tags stale: the soft form of ``invalidate(tags:)``.
    ///
    /// `get` finds them absent; `fetch` returns them once more, as stale, and fills them anew behind its callers. So
    /// nobody waits, and somebody may see old data for as long as a fill takes.
    ///
    /// - Parameter tags: The tags.
    /// - Throws: As ``invalidate(tags:)``.
    public func expire(tags: [String]) async throws {
        try await self.invalidate(tags, .stale)
    }

    private func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        let names = try TagRules.checked(tags)
        guard !names.isEmpty else { return }
        if manner == .dead { self.flights.detachAll() }
        defer { if manner == .dead { self.flights.detachAll() } }
        do {
            try await self.space.invalidate(names, manner)
            self.tell(.invalidated(tags: names, manner))
        } catch {
            throw self.failure(error)
        }
    }

    // MARK: Capturing what a fill depends on

    /// Puts what the current task is filling under tags, from however deep inside the fill: call it before the data is read
    /// that the tags stand for.
    ///
    /// Outside of a fill of this cache it does nothing. What a fill fetches from the same cache hands its tags up by itself.
    ///
    /// ```swift
    /// func book(_ id: Int) async throws -> Book {
    ///     try await cache.depends(on: "book:\(id)")
    ///     return try await database.book(id)
    /// }
    /// ```
    ///
    /// - Parameter tags: The tags.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag``; `CancellationError`.
    public func depends(on tags: String...) async throws {
        try await self.depends(on: tags)
    }

    /// Puts what the current task is filling under tags.
    ///
    /// - Parameter tags: The tags.
    /// - Throws: As ``depends(on:)-(String...)``.
    public func depends(on tags: [String]) async throws {
        try await CurrentFill.context(of: ObjectIdentifier(self))?.depends(on: tags)
    }

    /// Keeps out of the store what the current task is filling: it was made of something that is under no tag.
    package func loseCurrentFill() {
        CurrentFill.context(of: ObjectIdentifier(self))?.dependencies.lose()
    }

    /// Gives the tags of an entry that the current task has got to the fill that it is part of.
    @inline(__always)
    func handUp(_ marks: [TagMark]) {
        if marks.isEmpty { return }
        CurrentFill.context(of: ObjectIdentifier(self))?.dependencies.add(marks)
    }

    /// Gives the tags of a value that has just been filled to the fill that the current task is part of.
    ///
    /// Where some of them could not be taken, the outer value is not stored either: nobody could invalidate it.
    func handUp(_ tags: FillTags) {
        if tags.areComplete, tags.marks.isEmpty, tags.late.isEmpty { return }
        guard let context = CurrentFill.context(of: ObjectIdentifier(self)) else { return }
        context.dependencies.add(tags.marks)
        context.dependencies.addLate(tags.late)
        if !tags.areComplete { context.dependencies.lose() }
    }
}
