/// Which process of a server it is, and which history of writes it continues.
///
/// A server that restarts has another run id; one that is promoted has another replication id. Either may lack writes that
/// were acknowledged before.
package struct ServerIdentity: Sendable, Hashable {
    /// What `INFO server` calls `run_id`: drawn when the process starts.
    package let runID: String
    /// What `INFO replication` calls `master_replid`: drawn when a server begins to be a primary.
    package let replicationID: String
    /// Whether the server is a primary.
    package let isPrimary: Bool

    /// Reads the sections `server` and `replication` of `INFO`.
    ///
    /// A sentinel has no part in any replication.
    ///
    /// - Returns: Nil where one of the fields is missing.
    init?(server: String, replication: String) {
        if Self.field("redis_mode", in: server) == "sentinel", let runID = Self.field("run_id", in: server) {
            self.init(runID: runID, replicationID: "", isPrimary: false)
            return
        }
        guard let runID = Self.field("run_id", in: server), let role = Self.field("role", in: replication),
            let replicationID = Self.field("master_replid", in: replication)
        else { return nil }
        self.init(runID: runID, replicationID: replicationID, isPrimary: role == "master")
    }

    /// Whether a server that was met under this identity may still have it.
    ///
    /// A server that was demoted and promoted again has the run id that it had and another replication id; what it had
    /// acknowledged before may be gone.
    ///
    /// - Parameter replication: What the same process answers to `INFO replication` now.
    /// - Returns: False where the answer says otherwise.
    func mayStillBe(_ replication: String) -> Bool {
        guard let now = ServerIdentity(server: "run_id:\(self.runID)", replication: replication) else { return true }
        return now == self
    }

    /// Describes a server.
    ///
    /// - Parameters:
    ///   - runID: The process.
    ///   - replicationID: The history of writes.
    ///   - isPrimary: Whether the server is a primary.
    init(runID: String, replicationID: String, isPrimary: Bool) {
        self.runID = runID
        self.replicationID = replicationID
        self.isPrimary = isPrimary
    }

    /// A server that does not say who it is, under a name that nobody else gives to one, in this process or another.
    static func unknown() -> ServerIdentity {
        var generator = SystemRandomNumberGenerator()
        let name = "?" + String(generator.next() as UInt64, radix: 16) + String(generator.next() as UInt64, radix: 16)
        return ServerIdentity(runID: name, replicationID: "", isPrimary: true)
    }

    /// Both ids as one text, for comparing what several processes have met.
    package var text: String { "\(self.runID):\(self.replicationID)" }

    private static func field(_ name: String, in section: String) -> String? {
        for line in section.utf8.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line[..<colon].elementsEqual(name.utf8) else {
                continue
            }
            let value = String(Substring(line[line.index(after: colon)...]))
            return value.isEmpty || value.utf8.count > 64 ? nil : value
        }
        return nil
    }
}
