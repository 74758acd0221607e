/// What a connection is for, where that takes more than a login.
struct ConnectionPurpose: Sendable {
    /// Whether only a primary will do.
    ///
    /// A server that does not say what it is passes.
    var needsPrimary = false

    /// Whether the server has to speak RESP3.
    var needsRESP3 = false

    /// Whether the server tells of changes on the connection, so that it has to be the server which the others lead to.
    var hearsOfChanges = false

    /// Commands to send before all others, such as `READONLY` or `CLIENT TRACKING`; if the server refuses one, the
    /// connection fails.
    var preparation: [RedisCommand] = []
}
