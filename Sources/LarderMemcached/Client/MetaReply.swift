import NIOCore

/// What memcached answers to one request.
struct MetaReply: Sendable, Equatable {
    enum Status: Sendable, Equatable {
        /// Done, or found without a value (`HD`).
        case done
        /// A value (`VA`).
        case value
        /// No such item, of a read (`EN`).
        case miss
        /// No such item, of a change (`NF`).
        case notFound
        /// The condition did not let it be stored (`NS`).
        case notStored
        /// The item has changed since (`EX`).
        case changed
        /// The answer to `mn`.
        case noop
        /// All lines of `stats`.
        case statistics
        /// `SERVER_ERROR`, `CLIENT_ERROR` or `ERROR`, with the server's words.
        case error(String)
    }

    var status: Status
    /// The value, of ``Status/value``.
    var value = ByteBuffer()
    /// The item's number, if it was asked for.
    var cas: UInt64 = 0
    /// How many seconds the item has left, if that was asked for; -1, it does not end.
    var secondsLeft: Int64?
    /// The item's flags, if they were asked for.
    var clientFlags: UInt32 = 0
    /// The lines of `stats`.
    var statistics: [String: String] = [:]

    init(_ status: Status) {
        self.status = status
    }

    /// The item's number, for a change that is made only if it is still the same.
    ///
    /// The server counts from 1.
    var knownCAS: UInt64? { self.cas == 0 ? nil : self.cas }
}

extension MetaReply {
    /// The server's refusal as an error; `nil` where it is none.
    func error(at server: String) -> MemcachedError? {
        guard case .error(let text) = self.status else { return nil }
        let code: MemcachedError.Code =
            text.contains("too large") ? .valueTooLarge : text.contains("out of memory") ? .outOfMemory : .server
        return MemcachedError(code, message: "the server answered: \(text)", server: server)
    }
}
