/// A sender that numbers the servers that it meets, and can keep commands from those it meets later.
///
/// A server that takes the place of another, or comes back as another process, may have forgotten writes that were
/// acknowledged.
package protocol RedisMeetings: RedisCommandSender {
    /// How many servers have been met so far: each time another process or another history of writes answered than was
    /// known.
    var serverMeetings: UInt64 { get }

    /// The number of the last meeting in which a server turned out to have taken the place of another; 0 if there was
    /// none.
    ///
    /// What was concluded from answers before that meeting may rest on writes that are forgotten.
    var lastServerChange: UInt64 { get }

    /// The run and replication ids of the primaries that stand in their places now, each as one text.
    var serverIdentities: [String] { get }

    /// The same for commands that no server may execute that was met later.
    ///
    /// - Parameter meeting: The number of the last meeting whose server may execute them. Others are refused with
    ///   `.serverChanged`.
    /// - Returns: A sender on the same connections.
    func bound(to meeting: UInt64) -> any RedisCommandSender
}

extension RedisClient: RedisMeetings {
    /// See ``RedisMeetings``.
    package var serverMeetings: UInt64 { self.servers.history.position.meetings }

    /// See ``RedisMeetings``.
    package var lastServerChange: UInt64 { self.servers.history.position.lastChange }

    /// See ``RedisMeetings``.
    package var serverIdentities: [String] { self.servers.history.currentIdentities.map(\.text) }

    /// See ``RedisMeetings``.
    package func bound(to meeting: UInt64) -> any RedisCommandSender { self.view.bound(to: meeting) }
}

extension RedisClientView: RedisMeetings {
    /// See ``RedisMeetings``.
    package var serverMeetings: UInt64 { self.client.serverMeetings }

    /// See ``RedisMeetings``.
    package var lastServerChange: UInt64 { self.client.lastServerChange }

    /// See ``RedisMeetings``.
    package var serverIdentities: [String] { self.client.serverIdentities }

    /// See ``RedisMeetings``.
    package func bound(to meeting: UInt64) -> any RedisCommandSender {
        var view = self
        view.terms.bound = meeting
        return view
    }
}
