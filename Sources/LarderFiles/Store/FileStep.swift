import Larder

/// A step in the folder: files read and replaced, under the lock where it writes.
///
/// No journal takes back what a process that dies has done of a step. It need not: each record changes at one moment, and verbs
/// change them in an order of which every beginning is harmless. A lease ends before its entry is written or removed, so that
/// at worst a fill is lost; a commit writes the entry before it ends the lease, which then runs out; an invalidation raises
/// the serial before it draws generations. And what was not finished was not acknowledged.
final class FileStep: StoreStep {
    let folder: FileFolder
    let canWrite: Bool
    let now: Int64
    var endedLeases: [StoreKey] = []
    var voidsLeases = false
    /// What has failed since the last job began.
    var failure: FileFailure?

    private var space: FileSpace
    private var isStampKnown = false
    private var knownStamp: KeptStamp?
    private(set) var totals: FileTotals?

    init(_ folder: FileFolder, _ space: FileSpace, canWrite: Bool) {
        self.folder = folder
        self.space = space
        self.canWrite = canWrite
        self.now = folder.clock.sharedMilliseconds
    }

    /// Begins to work on a namespace.
    func enter(_ space: FileSpace) {
        let hasFailed = self.failure != nil
        self.failure = nil
        // What is known may not be what is there.
        if hasFailed { self.totals = nil }
        if self.space === space, !hasFailed { return }
        self.space = space
        self.isStampKnown = false
        self.knownStamp = nil
    }

    private func needsWriting() throws {
        if !self.canWrite { throw StepNeedsWriting() }
    }

    /// Does something with files, and remembers what fails.
    func attempt<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let failure as FileFailure {
            if self.failure == nil { self.failure = failure }
            throw failure
        }
    }

    // MARK: Records

    private func number(_ name: FileRecord.Name) -> UInt64 {
        self.folder.hash.hash(name.name, beside: (self.space.number, Int64(name.version)))
    }

    private func name(_ kind: FileRecord.Kind, _ key: StoreKey) -> FileRecord.Name {
        FileRecord.Name(kind: kind, namespace: self.space.name, version: key.version, name: key.name)
    }

    private func read<Result>(
        _ name: FileRecord.Name,
        _ body: (FileRecord, UnsafeRawBufferPointer, SystemFiles.Status) -> Result?
    ) throws -> Result? {
        let path = self.folder.place(of: self.number(name), name.kind).path
        return try self.attempt {
            try SystemFiles.read(path) { bytes, status in
                FileRecord(bytes, of: name).flatMap { body($0, bytes, status) }
            } ?? nil
        }
    }

    /// Writes a record in place of the one that is there.
    private func write(_ name: FileRecord.Name, end: Int64, _ payload: [UInt8]...) throws {
        try self.needsWriting()
        let place = self.folder.place(of: self.number(name), name.kind)
        let bytes = FileRecord.bytes(name, end: end, payload)
        try self.attempt {
            let isEntry = name.kind == .entry
            if isEntry { try self.countUp(place, FileTotals.size(Int64(bytes.count))) }
            let temporary = self.folder.newFile()
            let isDurable = self.folder.configuration.durability == .power
            try SystemFiles.write(temporary, bytes, used: isEntry ? self.now : nil, waitsForDisk: isDurable)
            try self.put(temporary, in: place, name.kind)
            if isDurable { try SystemFiles.sync(folder: self.folder.folder(place.folder, name.kind)) }
        }
    }

    private func put(_ temporary: String, in place: (folder: Int, path: String), _ kind: FileRecord.Kind) throws {
        if SystemFiles.rename(temporary, place.path) { return }
        // Perhaps the first of its folder.
        do {
            try SystemFiles.makeFolder("\(self.folder.path)/\(kind.folder)")
            try SystemFiles.makeFolder(self.folder.folder(place.folder, kind))
            guard SystemFiles.rename(temporary, place.path) else {
                throw FileFailure(place.path, "could not be replaced")
            }
        } catch {
            // What cannot be removed now is removed by whoever sweeps.
            _ = try? SystemFiles.remove(temporary)
            throw error
        }
    }

    private func remove(_ name: FileRecord.Name) throws -> Bool {
        try self.needsWriting()
        let place = self.folder.place(of: self.number(name), name.kind)
        return try self.attempt { try SystemFiles.remove(place.path) }
    }

    // MARK: The namespace and its tags

    func stamp() throws -> KeptStamp? {
        if self.isStampKnown { return self.knownStamp }
        let name = FileRecord.Name(kind: .stamp, namespace: self.space.name)
        self.knownStamp = try self.read(name) { record, bytes, _ in record.stamp(bytes) }
        self.isStampKnown = true
        return self.knownStamp
    }

    func put(_ stamp: KeptStamp) throws {
        let name = FileRecord.Name(kind: .stamp, namespace: self.space.name)
        try self.write(name, end: .max, FileRecord.payload(stamp))
        self.knownStamp = stamp
        self.isStampKnown = true
    }

    func tag(_ name: String) throws -> KeptTag? {
        try self.read(FileRecord.Name(kind: .tag, namespace: self.space.name, name: name)) { record, bytes, _ in
            record.tag(bytes)
        }
    }

    func put(_ tag: KeptTag, for name: String) throws {
        let name = FileRecord.Name(kind: .tag, namespace: self.space.name, name: name)
        try self.write(name, end: tag.end, FileRecord.payload(tag))
    }

    // MARK: Entries

    func entry(_ key: StoreKey) throws -> KeptEntry? {
        let name = self.name(.entry, key)
        return try self.read(name) { record, bytes, status in
            guard let (header, value) = record.entry(bytes) else { return nil }
            if !self.canWrite { self.folder.noteUse(self.number(name), since: status.used, now: self.now) }
            return KeptEntry(header: header, value: [UInt8](value), end: record.end)
        }
    }

    func hasEntry(_ key: StoreKey) throws -> Bool {
        SystemFiles.status(self.folder.place(of: self.number(self.name(.entry, key)), .entry).path) != nil
    }

    func put(_ entry: KeptEntry, for key: StoreKey) throws {
        try self.write(self.name(.entry, key), end: entry.end, entry.header.bytes, entry.value)
    }

    @discardableResult
    func removeEntry(_ key: StoreKey) throws -> Bool {
        try self.needsWriting()
        return try self.attempt {
            try self.removeFile(self.folder.place(of: self.number(self.name(.entry, key)), .entry))
        }
    }

    /// Removes an entry's file, of any namespace.
    func removeFile(_ place: (folder: Int, path: String)) throws -> Bool {
        guard let status = SystemFiles.status(place.path), try SystemFiles.remove(place.path) else { return false }
        var totals = try self.currentTotals()
        totals.add(place.folder, entries: -1, bytes: -FileTotals.size(status.length))
        try self.write(totals)
        return true
    }

    // MARK: Leases

    func lease(_ key: StoreKey) throws -> KeptLease? {
        try self.read(self.name(.lease, key)) { record, bytes, _ in record.lease(bytes) }
    }

    func put(_ lease: KeptLease, for key: StoreKey) throws {
        try self.write(self.name(.lease, key), end: lease.end, FileRecord.payload(lease))
    }

    func removeLease(_ key: StoreKey) throws -> Bool { try self.remove(self.name(.lease, key)) }

    // MARK: Walking

    /// The keys of one folder after the other.
    func keys(after position: Int64?) throws -> (keys: [StoreKey], next: Int64?) {
        let index = Int((position ?? -1) + 1)
        guard index < FileTotals.folderCount else { return ([], nil) }
        let folder = self.folder.folder(index, .entry)
        let keys = try self.attempt {
            try SystemFiles.names(in: folder).compactMap { name -> StoreKey? in
                let found = try SystemFiles.read("\(folder)/\(name)") { bytes, _ in FileRecord.key(in: bytes) } ?? nil
                guard let found, found.namespace.utf8.elementsEqual(self.space.name.utf8) else { return nil }
                return found.key
            }
        }
        return (keys, index + 1 < FileTotals.folderCount ? Int64(index) : nil)
    }

    func noteForTending(_ key: StoreKey) { self.folder.notes.noteForTending(key, in: self.space) }

    // MARK: Totals

    /// How much there is; counted anew where the file is missing or torn.
    func currentTotals() throws -> FileTotals {
        if let totals = self.totals { return totals }
        if let totals = try SystemFiles.read(self.folder.totalsPath, { bytes, _ in FileTotals(bytes) }) ?? nil {
            self.totals = totals
            return totals
        }
        var totals = FileTotals()
        for index in 0..<FileTotals.folderCount { totals.set(index, try self.counted(index)) }
        try self.write(totals)
        return totals
    }

    /// What a folder has, by looking.
    func counted(_ index: Int) throws -> FileTotals.Folder {
        let folder = self.folder.folder(index, .entry)
        var counted = FileTotals.Folder()
        for name in try SystemFiles.names(in: folder) {
            guard let status = SystemFiles.status("\(folder)/\(name)") else { continue }
            counted.entries += 1
            counted.bytes += FileTotals.size(status.length)
        }
        return counted
    }

    /// Counts anew what a folder has.
    func count(_ index: Int) throws {
        var totals = try self.currentTotals()
        totals.set(index, try self.counted(index))
        if totals != self.totals { try self.write(totals) }
    }

    func write(_ totals: FileTotals) throws {
        self.totals = totals
        try SystemFiles.overwrite(self.folder.totalsPath, totals.encoded)
    }

    /// Counts an entry that is about to be written.
    private func countUp(_ place: (folder: Int, path: String), _ size: Int64) throws {
        let old = SystemFiles.status(place.path).map { FileTotals.size($0.length) }
        var totals = try self.currentTotals()
        totals.add(place.folder, entries: old == nil ? 1 : 0, bytes: size - (old ?? 0))
        if totals != self.totals { try self.write(totals) }
    }
}

// MARK: Upkeep

extension FileStep {
    /// Does what readers have noted.
    func work(off notes: (uses: [UInt64], tending: ReadNotes<FileSpace>.Tending?)) throws {
        for number in notes.uses { SystemFiles.mark(self.folder.place(of: number, .entry).path, used: self.now) }
        if let tending = notes.tending {
            self.enter(tending.space)
            try self.tend(tending.keys)
        }
    }

    /// Looks at one folder of each kind: removes what is over or dead, and counts the entries anew.
    func sweep(_ index: Int) throws {
        var spaces: [String: FileSpace] = [:]
        let folder = self.folder.folder(index, .entry)
        for name in try SystemFiles.names(in: folder) {
            let path = "\(folder)/\(name)"
            let found = try SystemFiles.read(path) { bytes, _ in
                (FileRecord.key(in: bytes), FileRecord.end(in: bytes, kind: .entry))
            }
            guard let found else { continue }
            guard let (namespace, key) = found.0, let end = found.1 else {
                // Torn by a loss of power, or of a newer program, which has not used it for long then.
                let used = SystemFiles.status(path)?.used ?? self.now
                if self.now - used > KeptEntry.endless { _ = try self.removeFile((index, path)) }
                continue
            }
            let space = spaces[namespace] ?? FileSpace(namespace, self.folder.hash)
            spaces[namespace] = space
            self.enter(space)
            if end <= self.now {
                _ = try self.removeFile((index, path))
            } else {
                try self.tend([key])
            }
        }
        for kind in [FileRecord.Kind.lease, .tag] {
            let folder = self.folder.folder(index, kind)
            for name in try SystemFiles.names(in: folder) {
                let path = "\(folder)/\(name)"
                let end = try SystemFiles.read(path) { bytes, _ in FileRecord.end(in: bytes, kind: kind) } ?? nil
                if let end, end <= self.now { try SystemFiles.remove(path) }
            }
        }
        try self.count(index)
    }

    /// Removes files that processes were writing when they died.
    ///
    /// Nobody else writes while this step has the lock.
    func removeLeftovers() throws {
        for name in try SystemFiles.names(in: self.folder.newPath) {
            try SystemFiles.remove("\(self.folder.newPath)/\(name)")
        }
    }
}
