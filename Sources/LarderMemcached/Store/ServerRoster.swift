import Larder
import NIOCore

/// Which servers of a namespace's entries were lost, as all processes see it: it lies in the item of the stamp, so every verb reads it.
///
/// A server that was never lost does not stand in it. One that was has an epoch, a random number that is drawn anew when the server is
/// taken out, when it is let in again, and when it goes on after it was lost. What is stored on a server is stored under a generation into
/// which its epoch goes and those of the servers that it stands in for. So nothing that was stored under other epochs is alive, on whatever
/// server it is found.
///
/// Each change also draws the namespace's fill epoch anew, so no fill from before is stored.
struct ServerRoster: Sendable, Hashable {
    /// What is known of a server.
    struct Record: Sendable, Hashable {
        /// The server's number: from its name on the circle.
        var server: UInt64
        /// Never 0.
        var epoch: UInt64
        /// Since when others have its keys, in milliseconds since 1970; 0, it has them.
        var outSince: Int64
    }

    private(set) var records: [Record] = []

    /// How many words a record takes.
    static let wordsPerRecord = 3

    init() {}

    /// The number of a server.
    static func number(ofServerNamed name: String) -> UInt64 {
        let words = MD5(name).words
        return UInt64(words.0) << 32 | UInt64(words.1)
    }

    private func index(of server: UInt64) -> Int? {
        self.records.isEmpty ? nil : self.records.firstIndex { $0.server == server }
    }

    /// A server's epoch; 0 where it was never lost.
    func epoch(of server: UInt64) -> UInt64 { self.index(of: server).map { self.records[$0].epoch } ?? 0 }

    /// Since when others have a server's keys; `nil` where it has them.
    func outSince(_ server: UInt64) -> Int64? {
        guard let index = self.index(of: server), self.records[index].outSince != 0 else { return nil }
        return self.records[index].outSince
    }

    /// Gives a server another epoch, under which it has its keys.
    mutating func letIn(_ server: UInt64, epoch: UInt64) {
        self.set(Record(server: server, epoch: max(epoch, 1), outSince: 0))
    }

    /// Gives a server another epoch, under which others have its keys.
    mutating func takeOut(_ server: UInt64, epoch: UInt64, at now: Int64) {
        self.set(Record(server: server, epoch: max(epoch, 1), outSince: max(now, 1)))
    }

    private mutating func set(_ record: Record) {
        if let index = self.index(of: record.server) {
            self.records[index] = record
        } else {
            self.records.append(record)
        }
    }

    /// The generation under which entries are stored on a server.
    ///
    /// - Parameters:
    ///   - namespace: The namespace's own.
    ///   - server: The server.
    ///   - detour: Those before it on the circle, whose keys it has.
    /// - Returns: The namespace's own where none of them was ever lost.
    func generation(_ namespace: UInt64, on server: UInt64, behind detour: [UInt64]) -> UInt64 {
        if self.records.isEmpty { return namespace }
        var generation = namespace
        for server in detour { Self.mix(self.epoch(of: server), into: &generation) }
        Self.mix(self.epoch(of: server), into: &generation)
        return generation
    }

    /// Random numbers in, random numbers out: what matters is that their order does.
    private static func mix(_ epoch: UInt64, into generation: inout UInt64) {
        if epoch == 0 { return }
        generation = (generation ^ epoch) &* 0x9E37_79B9_7F4A_7C15
        generation ^= generation >> 32
    }

    // MARK: In the item

    init(words: ArraySlice<UInt64>) {
        var rest = words
        while rest.count >= Self.wordsPerRecord {
            let fields = Array(rest.prefix(Self.wordsPerRecord))
            rest = rest.dropFirst(Self.wordsPerRecord)
            self.set(Record(server: fields[0], epoch: max(fields[1], 1), outSince: Int64(bitPattern: fields[2])))
        }
    }

    var words: [UInt64] { self.records.flatMap { [$0.server, $0.epoch, UInt64(bitPattern: $0.outSince)] } }
}
