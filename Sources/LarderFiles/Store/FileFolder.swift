import Larder
import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The folder of a store, and what all who work on it in this process share.
///
/// | in the folder | what |
/// |---|---|
/// | `larder` | says that it is ours, the version of its format, and the seed of the hashes |
/// | `lock` | whoever writes has it locked |
/// | `totals` | how much there is, see ``FileTotals`` |
/// | `new` | files that are being written; whatever is there while nobody writes was left by a process that died |
/// | `entries/3f/3f…` | entries, each under a hash of its name |
/// | `leases`, `tags`, `namespaces` | the other records, in the same manner |
///
/// A record is written to a file in `new`, which then takes its place by being renamed. So whoever reads a record reads
/// either the old one or the new one, without a lock, and a process that dies in between leaves the old one.
final class FileFolder: Sendable {
    let configuration: FileStoreConfiguration
    let hash: KeptHash
    let notes = ReadNotes<FileSpace>()
    private let nextFile = Atomic<UInt64>(UInt64.random(in: .min ... .max))

    var path: String { self.configuration.path }
    var clock: CacheClock { self.configuration.clock }
    var logger: Logger { self.configuration.logger }
    var lockPath: String { "\(self.path)/lock" }
    var totalsPath: String { "\(self.path)/totals" }
    var newPath: String { "\(self.path)/new" }

    private static let marker = "larder files"
    private static let format = 1

    /// Finds out what a folder is, and makes it if it is not there.
    ///
    /// - Throws: `CacheError` with `.fileFailed`.
    init(_ configuration: FileStoreConfiguration) throws {
        self.configuration = configuration
        do {
            self.hash = try Self.prepare(configuration)
        } catch let failure as FileFailure {
            throw CacheError(.fileFailed, "\(failure)")
        }
    }

    private static func prepare(_ configuration: FileStoreConfiguration) throws -> KeptHash {
        let path = configuration.path
        try SystemFiles.makeFolder(path)
        let marker = "\(path)/larder"
        if let hash = try Self.readMarker(marker) { return hash }
        // Only what somebody who makes the folder at the same time can have made already.
        guard try SystemFiles.names(in: path).allSatisfy({ ["lock", "new", "larder"].contains($0) }) else {
            throw CacheError(.fileFailed, "\(path) holds something else than a cache, and is left as it is")
        }
        guard let lock = try FolderLock("\(path)/lock", atMost: configuration.busyTimeout) else {
            throw CacheError(.fileFailed, "\(path) could not be locked: another process is about to make it")
        }
        defer { lock.unlock() }
        if let hash = try Self.readMarker(marker) { return hash }
        try SystemFiles.makeFolder("\(path)/new")
        let hash = KeptHash.random()
        let text = """
            \(Self.marker)
            format \(Self.format)
            seed \(String(hash.first, radix: 16)) \(String(hash.second, radix: 16))

            """
        let temporary = "\(path)/new/larder.\(String(UInt64.random(in: .min ... .max), radix: 16))"
        try SystemFiles.write(temporary, Array(text.utf8), used: nil, waitsForDisk: true)
        guard SystemFiles.rename(temporary, marker) else { throw FileFailure(marker, "could not be made") }
        try SystemFiles.sync(folder: path)
        return hash
    }

    /// - Returns: `nil` where there is no marker.
    private static func readMarker(_ path: String) throws -> KeptHash? {
        let text = try SystemFiles.read(path) { bytes, _ in String(validating: bytes, as: UTF8.self) ?? "" }
        guard let text else { return nil }
        let lines = text.split(separator: "\n")
        guard lines.first == Substring(Self.marker), lines.count >= 2, lines[1].hasPrefix("format "),
            let format = Int(lines[1].dropFirst("format ".count))
        else { throw CacheError(.fileFailed, "\(path) is not what a cache's folder has, and is left as it is") }
        guard format <= Self.format else {
            throw CacheError(.fileFailed, "\(path) was made by a newer version of Larder, and is left as it is")
        }
        let words = lines.count > 2 ? lines[2].split(separator: " ") : []
        guard words.count == 3, words[0] == "seed", let first = UInt64(words[1], radix: 16),
            let second = UInt64(words[2], radix: 16)
        else { throw CacheError(.fileFailed, "\(path) is damaged: without its seed, no entry is found") }
        return KeptHash(first: first, second: second)
    }

    // MARK: Paths

    /// Where a record lies: the folder's number, and the path.
    func place(of number: UInt64, _ kind: FileRecord.Kind) -> (folder: Int, path: String) {
        let folder = Int(number >> 56)
        return (folder, "\(self.folder(folder, kind))/\(Self.hex(number))")
    }

    func folder(_ index: Int, _ kind: FileRecord.Kind) -> String {
        "\(self.path)/\(kind.folder)/\(Self.hex(UInt64(index)).suffix(2))"
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A path in `new` that nobody else uses.
    func newFile() -> String {
        let number = self.nextFile.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(self.newPath)/\(getpid())-\(String(number, radix: 16))"
    }

    /// What a caller is told when the system fails.
    func unavailable(_ failure: FileFailure) -> CacheError {
        CacheError(.unavailable, "the cache's folder could not be used: \(failure)")
    }
}

/// The lock that whoever writes has: of all processes one, and of all stores in a process.
///
/// The system takes it back when a process ends, however it ends.
struct FolderLock {
    private let descriptor: Int32

    /// Locks, and waits for others if it must.
    ///
    /// - Returns: `nil` where others have it locked for longer than `limit`.
    /// - Throws: ``FileFailure``.
    init?(_ path: String, atMost limit: Duration) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(path, "could not be opened") }
        self.descriptor = descriptor
        guard try Self.lock(descriptor, path, atMost: limit) else {
            close(descriptor)
            return nil
        }
    }

    func unlock() {
        flock(self.descriptor, LOCK_UN)
        close(self.descriptor)
    }

    /// - Returns: Whether it is locked now.
    static func lock(_ descriptor: Int32, _ path: String, atMost limit: Duration) throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        var pause: UInt32 = 50
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw FileFailure(path, "could not be locked") }
            guard limit > .zero, ContinuousClock.now < deadline else { return false }
            // `flock` has no deadline of its own.
            usleep(pause)
            pause = min(pause * 2, 1_000)
        }
        return true
    }
}

/// What all who open a namespace in this process share.
final class FileSpace: Sendable {
    let name: String
    let signals = LeaseSignals()
    /// The namespace's part of the hashes of its records' names.
    let number: Int64

    init(_ name: String, _ hash: KeptHash) {
        self.name = name
        self.number = Int64(bitPattern: hash.hash(name, beside: (0, 0)))
    }
}
