#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The invalidations of one cache that the store has not heard of, as lines of JSON in a file.
///
/// The first line names the namespace. The file only grows, until all is replayed; what is torn at its end was being written
/// when the process died, so nobody was told that it is kept. It is locked as long as this object lives.
final class InvalidationFile {
    private let path: String
    private let header: [UInt8]
    private var descriptor: Int32
    /// Where the last whole line ends.
    private var length = 0
    /// How many lines follow the first.
    private(set) var lineCount = 0
    /// Whether something may stand behind the last whole line.
    private var isTorn = false

    /// Opens the file, makes it if there is none, and locks it.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``.
    init(_ path: String, namespace: CacheNamespace) throws {
        self.path = path
        self.header = try Header(namespace: namespace.name).bytes()
        self.descriptor = try Self.openLocked(path)
        // Where the file is new, its name has to reach the disk.
        try Self.syncFolder(of: path)
    }

    deinit {
        // Closing alone leaves the lock to a child process that another thread is about to start.
        flock(self.descriptor, LOCK_UN)
        close(self.descriptor)
    }

    /// What the file holds.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``, also where the file is of another kind, of another
    ///   namespace, or damaged anywhere but at its end.
    func load() throws -> [Invalidation] {
        let bytes = try self.readAll()
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
            // Nothing yet, or a first line that was being written.
            guard self.header.starts(with: bytes) else { throw self.notOurs(bytes) }
            self.isTorn = !bytes.isEmpty
            return []
        }
        guard bytes.starts(with: self.header) else { throw self.notOurs(bytes) }
        self.length = end + 1
        self.isTorn = self.length < bytes.count
        let lines = bytes[self.header.count..<self.length].split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        .dropLast()
        self.lineCount = lines.count
        return try lines.enumerated().map { index, line in
            guard let invalidation = Invalidation(line: line) else {
                throw CacheError(.fileFailed, "\(self.path) could not be read: line \(index + 2) is damaged")
            }
            return invalidation
        }
    }

    /// Adds lines, and returns when they have reached the disk.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``; the file holds what it held.
    func append(_ invalidations: [Invalidation]) throws {
        if self.isTorn { try self.cut(to: self.length) }
        var bytes = self.length == 0 ? self.header : []
        for invalidation in invalidations { bytes += try invalidation.line() }
        do {
            try self.write(bytes, to: self.descriptor)
        } catch {
            // Without this the next line would continue the one that was broken off; tried again if it fails.
            self.isTorn = true
            try? self.cut(to: self.length)
            throw error
        }
        self.length += bytes.count
        self.lineCount += invalidations.count
    }

    /// Empties the file.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``; then it may still hold what was replayed, and replaying
    ///   that again does no harm.
    func empty() throws {
        if self.length == 0, !self.isTorn { return }
        try self.cut(to: 0)
        self.length = 0
        self.lineCount = 0
    }

    /// Replaces all lines, at once.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``; the file is as it was.
    func replace(with invalidations: [Invalidation]) throws {
        var bytes = self.header
        for invalidation in invalidations { bytes += try invalidation.line() }
        let temporary = "\(self.path).\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
        let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("could not be created", temporary) }
        do {
            // Locked before it has the name that others look for.
            if flock(descriptor, LOCK_EX | LOCK_NB) < 0 { throw Self.failure("could not be locked", temporary) }
            try self.write(bytes, to: descriptor)
            if rename(temporary, self.path) < 0 { throw Self.failure("could not be replaced", self.path) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(self.descriptor)
        self.descriptor = descriptor
        self.length = bytes.count
        self.lineCount = invalidations.count
        self.isTorn = false
        try Self.syncFolder(of: self.path)
    }

    // MARK: The system

    private static func openLocked(_ path: String) throws -> Int32 {
        while true {
            // Keys may tell something of users: only this user can read them.
            let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Self.failure("could not be opened", path) }
            if flock(descriptor, LOCK_EX | LOCK_NB) < 0 {
                defer { close(descriptor) }
                guard errno == EWOULDBLOCK else { throw Self.failure("could not be locked", path) }
                throw CacheError(
                    .fileFailed,
                    "\(path) is locked: another process or another cache keeps its invalidations there, and two cannot share a file"
                )
            }
            // Somebody may have put another file in its place before we had the lock.
            var (ours, named) = (stat(), stat())
            if fstat(descriptor, &ours) == 0, stat(path, &named) == 0, ours.st_ino == named.st_ino,
                ours.st_dev == named.st_dev
            {
                return descriptor
            }
            close(descriptor)
        }
    }

    private func readAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        if lseek(self.descriptor, 0, SEEK_SET) < 0 { throw Self.failure("could not be read", self.path) }
        var portion = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(self.descriptor, &portion, portion.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure("could not be read", self.path)
            }
            bytes += portion[..<count]
            // A file of another kind can be of any length.
            guard zip(bytes, self.header).allSatisfy({ $0 == $1 }) else { throw self.notOurs(bytes) }
        }
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes {
                Self.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[offset...]))
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw Self.failure("could not be written", self.path)
            }
            offset += written
        }
        if fsync(descriptor) < 0 { throw Self.failure("could not be written", self.path) }
    }

    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
        Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Darwin)
        Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    private func cut(to length: Int) throws {
        guard ftruncate(self.descriptor, off_t(length)) == 0, fsync(self.descriptor) == 0 else {
            throw Self.failure("could not be cut", self.path)
        }
        self.isTorn = false
    }

    /// Brings a new name to the disk.
    private static func syncFolder(of path: String) throws {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("could not be opened", folder) }
        defer { close(descriptor) }
        // Some file systems do not sync folders, and say so by EINVAL.
        if fsync(descriptor) < 0, errno != EINVAL { throw Self.failure("could not be written", folder) }
    }

    /// Says what the system said last.
    private static func failure(_ what: String, _ path: String) -> CacheError {
        let reason = errno
        return CacheError(
            .fileFailed,
            "\(path) \(what): \(strerror(reason).map { String(cString: $0) } ?? "\(reason)")"
        )
    }

    private func notOurs(_ bytes: [UInt8]) -> CacheError {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        if let header = try? JSONDecoder().decode(Header.self, from: Data(line)), header.kind == Header.kind {
            let whose = "format \(header.format), namespace \(header.namespace.debugDescription)"
            return CacheError(.fileFailed, "\(self.path) keeps the invalidations of another cache (\(whose))")
        }
        return CacheError(.fileFailed, "\(self.path) does not keep invalidations, and is left as it is")
    }
}

/// The first line.
private struct Header: Codable {
    static let kind = "larder invalidations"

    var kind = Self.kind
    var format = 1
    var namespace: String

    init(namespace: String) {
        self.namespace = namespace
    }

    func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try [UInt8](encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}
