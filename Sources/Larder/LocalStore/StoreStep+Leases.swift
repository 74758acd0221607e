// The right to fill an entry, and what belongs to the namespace as a whole.
extension StoreStep {
    /// Reads entries and takes the leases of those that are absent.
    func readOrLease(_ keys: [StoreKey], _ request: LeaseRequest) throws -> [StoreLookup] {
        let milliseconds = Self.milliseconds(request.duration)
        var marks: [TagMark]?
        return try keys.map { key in
            let entry = try self.entry(key)
            let state = try self.state(of: entry)
            if state.isAlive, !request.replacesEntry, let entry, let stored = self.stored(entry, state) {
                if entry.header.wantsRenewal(end: entry.end, at: self.now) { self.noteForTending(key) }
                return .found(stored)
            }
            if let held = try self.standingLease(key) {
                let serial = try self.currentStamp().serial
                let left = Duration.milliseconds(max(0, held.end - self.now))
                return .absent(.held(LeaseHolder(token: held.token, timeLeft: left, serial: serial)))
            }
            let stamp = try self.currentStamp()
            let taken = try marks ?? self.take(request.tags, for: milliseconds)
            marks = taken
            if state.isDead { try self.removeEntry(key) }
            let lease = KeptLease(
                token: request.token,
                stamp: stamp.stamp,
                serial: stamp.serial,
                marks: taken,
                end: self.end(after: milliseconds),
                duration: milliseconds
            )
            try self.put(lease, for: key)
            return .absent(
                .granted(
                    Lease(key: key, token: request.token, stamp: stamp.stamp, serial: stamp.serial, marks: taken)
                )
            )
        }
    }

    /// Writes entries under their leases, where those and all that they were granted under still stand.
    ///
    /// A lease of that token is over in any case.
    ///
    /// - Returns: For each, whether it was written.
    func commit(_ commits: [(commit: EntryCommit, write: PreparedWrite)]) throws -> [Bool] {
        try commits.map { commit, write in
            guard let found = try self.lease(write.key), found.token == commit.lease.token else { return false }
            var isWritten = false
            if found.stamp == commit.lease.stamp, let lease = try self.standingLease(write.key),
                let marks = try self.bound(commit, lease, for: write.header.keptMilliseconds)
            {
                var header = write.header
                header.generation = lease.stamp.generation
                header.marks = marks
                let end = self.end(after: header.keptMilliseconds)
                try self.put(KeptEntry(header: header, value: write.value, end: end), for: write.key)
                isWritten = true
            }
            try self.endLease(write.key)
            return isWritten
        }
    }

    /// What a commit's tags make of it: those of the entry's header, whose records are kept as long as the entry.
    ///
    /// A tag may have several marks. All of them have to be of its generation; of their freshness the one is written that is
    /// not current, if there is one, so that the entry is stale from the beginning.
    ///
    /// A late tag was not marked before its data was read, so its record must be older than the lease. A record whose serial
    /// the namespace has not reached yet was made under an earlier stamp: it is older than the lease, whose stamp is the
    /// current one. A tag without a record may have lost it since it was invalidated. It gets one even where the commit is
    /// refused, or no value under a tag that is only ever known late would be stored while others are invalidated all the time.
    ///
    /// - Returns: `nil` where the commit is refused.
    private func bound(_ commit: EntryCommit, _ lease: KeptLease, for milliseconds: Int64) throws -> [TagMark]? {
        var marks: [TagMark] = []
        for mark in lease.marks + commit.marks {
            guard let tag = try self.standingTag(mark.name), tag.generation == mark.generation else { return nil }
            if let place = marks.firstIndex(where: { $0.name.hasSameBytes(as: mark.name) }) {
                if mark.freshness != tag.freshness { marks[place] = mark }
            } else {
                marks.append(mark)
            }
        }
        let serial = try self.currentStamp().serial
        var isAccepted = true
        for name in commit.lateTags {
            let isKnown = try self.standingTag(name) != nil
            let tag = try self.taken(name, for: 0)
            let isLateEnough = isKnown ? tag.serial <= lease.serial || tag.serial > serial : serial == lease.serial
            if !isLateEnough { isAccepted = false }
            if !marks.contains(where: { $0.name.hasSameBytes(as: name) }) {
                marks.append(TagMark(name: name, generation: tag.generation, freshness: tag.freshness))
            }
        }
        let length = marks.reduce(EntryHeader.length) { $0 + 17 + $1.name.utf8.count }
        guard isAccepted, length <= EntryHeader.longestLength else { return nil }
        for mark in marks {
            if let tag = try self.standingTag(mark.name) { try self.keep(mark.name, tag, for: milliseconds) }
        }
        return marks
    }

    /// Gives leases back.
    func release(_ leases: [Lease]) throws {
        for lease in leases where try self.lease(lease.key)?.token == lease.token { try self.endLease(lease.key) }
    }

    /// Lets leases stand longer, and with them the records of their tags.
    func renew(_ leases: [Lease], for duration: Duration) throws -> [Bool] {
        let milliseconds = Self.milliseconds(duration)
        return try leases.map { lease in
            guard var standing = try self.standingLease(lease.key), standing.token == lease.token,
                standing.stamp == lease.stamp
            else { return false }
            standing.end = self.end(after: milliseconds)
            standing.duration = milliseconds
            _ = try self.take(standing.marks.map(\.name), for: milliseconds)
            try self.put(standing, for: lease.key)
            return true
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        max(1, duration.wholeNanoseconds / 1_000_000)
    }

    // MARK: Tags

    /// The tags as they are; those without a record get one.
    func marks(of tags: [String], for duration: Duration) throws -> [TagMark] {
        try self.take(tags, for: Self.milliseconds(duration))
    }

    /// Draws new generations for tags.
    ///
    /// The serial goes first: who has seen a new generation sees the new serial, too. A tag that is only expired keeps its
    /// generation and its end, and stays without a record if it had none: then nothing under it is alive.
    func invalidate(_ tags: [String], _ manner: TagInvalidation) throws {
        var stamp = try self.currentStamp()
        stamp.serial += 1
        try self.put(stamp)
        for name in tags {
            let numbers = NamespaceStamp.random()
            switch manner {
            case .dead:
                // What was bound to the one before is dead with this record and without it.
                let end = self.end(after: 1_200_000)
                try self.put(
                    KeptTag(generation: numbers.generation, freshness: numbers.epoch, serial: stamp.serial, end: end),
                    for: name
                )
            case .stale:
                guard var tag = try self.standingTag(name) else { continue }
                tag.freshness = numbers.epoch
                tag.serial = stamp.serial
                try self.put(tag, for: name)
            }
        }
        if manner == .dead { self.voidsLeases = true }
    }

    // MARK: The whole namespace

    /// Gives the namespace a new generation, which leaves every entry dead and every lease void.
    func clear() throws {
        try self.put(KeptStamp(stamp: .random(), serial: 0))
        self.voidsLeases = true
    }

    /// Gives the namespace a new fill epoch, which leaves every lease void.
    func raiseEpoch() throws {
        var stamp = try self.currentStamp()
        stamp.stamp.epoch = NamespaceStamp.random().epoch
        try self.put(stamp)
        self.voidsLeases = true
    }

    /// Some of the keys of fresh entries that match.
    func freshKeys(_ pattern: GlobPattern, after position: Int64?) throws -> (keys: [StoreKey], next: Int64?) {
        let (keys, next) = try self.keys(after: position)
        return (try keys.filter { try pattern.matches($0.name) && self.isFresh($0) }, next)
    }

    /// Removes some of the entries that match.
    ///
    /// - Returns: How many of them were fresh, and where to go on.
    func removeSome(_ pattern: GlobPattern, after position: Int64?) throws -> (count: Int, next: Int64?) {
        let (keys, next) = try self.keys(after: position)
        return (try self.remove(keys.filter { pattern.matches($0.name) }).count { $0 }, next)
    }
}
