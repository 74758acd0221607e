import Foundation
import Larder
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a process with locks notes, a line each; times are the machine's own.
enum LockRecord: Codable, Sendable {
    /// The store granted a lock on a question between these times.
    case grant(token: Int64, sent: UInt64, received: UInt64)
    /// A section ran between these times, and its lock was held to its end.
    case section(token: Int64, began: UInt64, ended: UInt64)
    /// A fenced write between these times.
    case write(token: Int64, sent: UInt64, received: UInt64, isAccepted: Bool)
    /// A section lost its lock.
    case lost
    /// A call failed for another reason.
    case failed(String)
}

/// The file of one process: what was noted is there though the process is killed the moment after.
final class LockRecordFile: Sendable {
    private let descriptor: Int32
    private let encoder = Mutex(JSONEncoder())

    init(path: String) throws {
        self.descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard self.descriptor >= 0 else { throw Failure("\(path) cannot be written") }
    }

    deinit { close(self.descriptor) }

    func note(_ record: LockRecord) throws {
        let line = try self.encoder.withLock { try $0.encode(record) } + Data("\n".utf8)
        let count = line.withUnsafeBytes { write(self.descriptor, $0.baseAddress, $0.count) }
        guard count == line.count else { throw Failure("a record cannot be written") }
    }

    /// Notes what happened where nobody could do anything about a file that cannot be written.
    func noteIfPossible(_ record: LockRecord) {
        do { try self.note(record) } catch { progress("\(error)") }
    }

    static func read(_ path: String) throws -> [LockRecord] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        let decoder = JSONDecoder()
        // A line that a killed process has not finished is none.
        return data.split(separator: UInt8(ascii: "\n")).compactMap { try? decoder.decode(LockRecord.self, from: $0) }
    }
}

/// Locks whose grants are noted, with the times before and after the question.
struct RecordingLockStore<Base: LockStore>: LockStore {
    let base: Base
    let records: LockRecordFile

    var clock: CacheClock { self.base.clock }

    func open(_ namespace: CacheNamespace) -> any LockNamespace {
        RecordingLockNamespace(base: self.base.open(namespace), records: self.records)
    }
}

private struct RecordingLockNamespace: LockNamespace {
    let base: any LockNamespace
    let records: LockRecordFile

    func acquire(_ request: LockRequest) async throws -> LockAnswer {
        let sent = SystemTime.nanoseconds
        let answer = try await self.base.acquire(request)
        if case .granted(let token) = answer {
            try self.records.note(.grant(token: token.rawValue, sent: sent, received: SystemTime.nanoseconds))
        }
        return answer
    }

    func renew(_ resource: LockResource, owner: LockOwner, lease: Duration) async throws -> Bool {
        try await self.base.renew(resource, owner: owner, lease: lease)
    }

    func release(_ resource: LockResource, owner: LockOwner) async throws -> ReleaseAnswer {
        try await self.base.release(resource, owner: owner)
    }

    func abandon(_ resource: LockResource, owner: LockOwner) async throws {
        try await self.base.abandon(resource, owner: owner)
    }

    func releaseAll(_ resource: LockResource) async throws -> Int { try await self.base.releaseAll(resource) }

    func state(of resource: LockResource) async throws -> LockState { try await self.base.state(of: resource) }

    func listen(for resource: LockResource) async throws -> (any LeaseSignal)? {
        try await self.base.listen(for: resource)
    }

    func readFenced(_ name: String) async throws -> FencedBytes? { try await self.base.readFenced(name) }

    func writeFenced(_ name: String, _ write: FencedBytes, lifetime: Duration) async throws -> FencingToken? {
        try await self.base.writeFenced(name, write, lifetime: lifetime)
    }
}
