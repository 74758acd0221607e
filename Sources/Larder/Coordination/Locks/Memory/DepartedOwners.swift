/// Who has given back or given up of late: the last few, as a plain value.
struct DepartedOwners {
    private var owners: [LockOwner] = []
    /// Where the next one goes, in place of the oldest.
    private var next = 0

    /// How many are remembered.
    static let limit = 16

    func contains(_ owner: LockOwner) -> Bool { self.owners.contains(owner) }

    /// Remembers one, and forgets the oldest where there are too many.
    mutating func add(_ owner: LockOwner) {
        if self.owners.count < Self.limit {
            self.owners.append(owner)
        } else {
            self.owners[self.next] = owner
            self.next = (self.next + 1) % Self.limit
        }
    }

    /// What one is told who holds nothing and wants to give it back.
    func answer(for owner: LockOwner) -> ReleaseAnswer {
        if self.contains(owner) { return .released }
        return self.owners.count < Self.limit ? .notHeld : .forgotten
    }
}
