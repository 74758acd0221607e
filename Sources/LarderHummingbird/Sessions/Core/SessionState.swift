import Larder

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a request knows of its session, and what it has done to it: a plain value, behind the lock of ``Session``.
struct SessionState: Sendable {
    /// Where the session came from.
    struct Origin: Sendable {
        var id: SessionID
        var record: SessionRecord
        /// How long it had left when it was read.
        var timeLeft: TimeLeft
    }

    /// What a session's saves and its end leave as it is.
    struct Course: Sendable {
        /// The id that the browser has presented, if there was a session of it.
        var presented: SessionID?

        /// How often ``Sessions/save(_:)`` has stored it.
        var saves = 0

        /// Whether one of those has stored another expiry, of which the browser has not heard.
        var hasNewExpiry = false

        /// How often something was done to it.
        var edits = 0

        /// How often it was ended.
        var flushes = 0

        /// Whether it was saved with the response.
        var isClosed = false
    }

    var course = Course()

    /// The session as it was read; `nil` for a new one, and after ``Session/flush()``.
    var origin: Origin?

    /// A session that ``Session/flush()`` has left behind, which is to be ended when the request is over.
    var abandoned: Origin?

    /// What says that the session was moved to another id, where this one stands in for it: ``Session/flush()`` ends that one.
    var moved: Origin?

    /// The values as the request sees them.
    var values: [String: String] = [:]

    /// What it has done to them.
    var changes: [SessionChange] = []

    var user: String?
    var expiry: SessionExpiry
    var begun: Int64
    var signedIn: Int64?

    /// Whether the request has said when the session is to end.
    var isExpirySet = false

    /// Whether the session is to have another id.
    var wantsNewID = false

    /// What a value that was assigned could not be stored for; thrown when the session is saved.
    var failure: SessionError?

    /// Why nothing can be saved: the session stands in for one that nobody could read, or that was moved to another id.
    var refusal: SessionError?

    /// A new session.
    init(expiry: SessionExpiry, begun: Int64) {
        self.expiry = expiry
        self.begun = begun
    }

    /// A session that was read.
    init(_ origin: Origin) {
        self.init(expiry: origin.record.expiry, begun: origin.record.begun)
        self.origin = origin
        self.course.presented = origin.id
        self.values = origin.record.values
        self.user = origin.record.user
        self.signedIn = origin.record.signedIn
    }

    /// Whether there is something to save.
    ///
    /// A new session in which there is nothing is none.
    var isModified: Bool {
        if self.failure != nil || self.abandoned != nil { return true }
        // Who ends a session that this one stands in for has to hear that it goes on.
        if self.refusal != nil, self.isExpirySet, self.expiry.isOver { return true }
        guard !self.changes.isEmpty || self.wantsNewID || self.isExpirySet else { return false }
        return self.origin != nil || !self.isEmpty
    }

    var isEmpty: Bool { self.values.isEmpty && self.user == nil }

    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    func checkOpen() throws {
        guard !self.course.isClosed else {
            throw SessionError(.closed, "the session was saved with the response, and what changes later would be lost")
        }
    }

    /// Has to come before whatever the request does to the session.
    ///
    /// - Throws: ``SessionError`` with ``SessionError/Code/closed``.
    mutating func edit() throws {
        try self.checkOpen()
        self.course.edits += 1
    }

    /// Does something to the values, now and when the session is saved.
    mutating func change(_ change: SessionChange) throws {
        try self.edit()
        // What stays as it is was not changed by this request, and takes the place of nobody else's change.
        if case .set(let name, let json) = change, self.values[name] == json { return }
        if case .remove(let name) = change, self.values[name] == nil { return }
        if case .removeAll = change, self.values.isEmpty { return }
        try change.apply(to: &self.values)
        self.changes.append(change)
    }

    mutating func flush(_ expiry: SessionExpiry, at now: Int64) {
        let (refusal, course) = (self.refusal, self.course)
        let abandoned = self.abandoned ?? self.origin ?? self.moved
        self = SessionState(expiry: expiry, begun: now)
        self.abandoned = abandoned
        self.course = course
        self.course.flushes += 1
        // One that was moved is ended where it is, and nothing is in the way of a new one then.
        guard let refusal, refusal.code != .ended else { return }
        self.refusal = refusal
        // Who signs out has to hear that nobody could do it.
        self.failure = refusal
    }

    /// Makes it what it was when it was read or last saved.
    mutating func discardChanges(_ expiry: SessionExpiry, at now: Int64) throws {
        try self.edit()
        let (refusal, moved, course) = (self.refusal, self.moved, self.course)
        self = (self.abandoned ?? self.origin).map { SessionState($0) } ?? SessionState(expiry: expiry, begun: now)
        self.refusal = refusal
        self.moved = moved
        self.course = course
    }

    /// What is to be stored of this request's session.
    ///
    /// - Parameter stored: What is stored now; `nil` for a new session.
    /// - Returns: The record.
    /// - Throws: What an update throws.
    func record(over stored: SessionRecord?) throws -> SessionRecord {
        var record = stored ?? SessionRecord(begun: self.begun, expiry: self.expiry)
        if stored?.revision == self.origin?.record.revision {
            // Nobody was faster, so what the request sees is what comes of its changes.
            record.values = self.values
        } else {
            for change in self.changes { try change.apply(to: &record.values) }
        }
        if self.isExpirySet || stored == nil { record.expiry = self.expiry }
        record.user = self.user
        record.signedIn = self.signedIn
        record.revision += 1
        return record
    }
}

/// Values of sessions as JSON.
enum SessionJSON {
    static func text(of value: some Encodable, named name: String) throws(SessionError) -> String {
        do {
            return String(decoding: try Self.codec.encode(value), as: UTF8.self)
        } catch {
            throw SessionError(.encodingFailed, "the value \(name.debugDescription) has no form as JSON")
        }
    }

    /// The value that text says; `nil` where it is of another type, as after a deployment that has changed it.
    static func value<Value: Decodable>(_ type: Value.Type, of text: String) -> Value? {
        try? Self.codec.decode(type, from: Array(text.utf8))
    }

    /// Equal values have equal text, or a value that was set to what it was would count as changed.
    private static let codec = JSONCodec(sortedKeys: true)
}
