#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A snapshot that is being written: under a name of its own, until it is whole.
///
/// Whoever reads the file sees the old snapshot or the new one, also after a crash: the new one takes the old one's name
/// only once its bytes have reached the disk.
final class SnapshotFileWriter {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var header: SnapshotHeader
    private var isFinished = false

    private static var portion: Int { 1 << 16 }

    /// - Parameters:
    ///   - path: Where the snapshot is to be.
    ///   - savedAt: The time, in nanoseconds since 1970.
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``.
    init(_ path: String, savedAt: Int64) throws(CacheError) {
        self.path = path
        // In the same folder, and so on the same disk: renaming is atomic only there.
        self.temporaryPath = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
        self.header = SnapshotHeader(nonce: .random(in: .min ... .max), savedAt: savedAt, count: 0)
        // Values may be secrets: only this user can read them.
        self.descriptor = open(self.temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if self.descriptor < 0 { throw CacheError.fileFailed("could not be created", self.temporaryPath) }
        self.buffer = self.header.bytes
    }

    deinit {
        close(self.descriptor)
        if !self.isFinished { unlink(self.temporaryPath) }
    }

    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed`` or ``CacheError/Code/valueTooLarge``.
    func append(_ record: SnapshotRecord) throws(CacheError) {
        self.buffer += try record.bytes(nonce: self.header.nonce)
        self.header.count += 1
        if self.buffer.count >= Self.portion { try self.flush() }
    }

    /// Brings the file to the disk and gives it its name.
    ///
    /// - Returns: The number of entries in it.
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``; the old file is as it was.
    func finish() throws(CacheError) -> Int {
        try self.flush()
        // The number of entries is known only now.
        if lseek(self.descriptor, 0, SEEK_SET) < 0 { throw CacheError.fileFailed("could not be written", self.path) }
        self.buffer = self.header.bytes
        try self.flush()
        if fsync(self.descriptor) < 0 { throw CacheError.fileFailed("could not be written", self.path) }
        if rename(self.temporaryPath, self.path) < 0 { throw CacheError.fileFailed("could not be replaced", self.path) }
        self.isFinished = true
        try self.syncFolder()
        return Int(clamping: self.header.count)
    }

    private func flush() throws(CacheError) {
        var offset = 0
        while offset < self.buffer.count {
            let written = self.buffer.withUnsafeBytes { bytes in
                write(self.descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw CacheError.fileFailed("could not be written", self.path)
            }
            offset += written
        }
        self.buffer.removeAll(keepingCapacity: true)
    }

    /// Brings the new name to the disk.
    private func syncFolder() throws(CacheError) {
        let slash = self.path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == self.path.startIndex ? "/" : String(self.path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CacheError.fileFailed("could not be opened", folder) }
        defer { close(descriptor) }
        // Some file systems do not sync folders, and say so by EINVAL.
        if fsync(descriptor) < 0, errno != EINVAL { throw CacheError.fileFailed("could not be written", folder) }
    }
}

/// The bytes of a file from its beginning.
final class SnapshotFileSource {
    private let path: String
    private let descriptor: Int32

    /// - Throws: ``CacheError`` with ``CacheError/Code/fileNotFound`` or ``CacheError/Code/fileFailed``.
    init(_ path: String) throws(CacheError) {
        self.path = path
        self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard self.descriptor >= 0 else {
            if errno == ENOENT { throw CacheError(.fileNotFound, "there is no file \(path)") }
            throw CacheError.fileFailed("could not be opened", path)
        }
    }

    deinit {
        close(self.descriptor)
    }

    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``.
    func read(_ most: Int) throws(CacheError) -> [UInt8] {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, initialized in
                count = Self.read(self.descriptor, buffer)
                initialized = max(0, count)
            }
            if count >= 0 { return bytes }
            if errno != EINTR { throw CacheError.fileFailed("could not be read", self.path) }
        }
    }

    private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Darwin)
        Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}

/// The time of day, which goes on while no process runs, unlike a `CacheClock`.
enum WallClock {
    /// In nanoseconds since 1970.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

extension CacheError {
    /// Says what the system said last.
    fileprivate static func fileFailed(_ what: String, _ path: String) -> CacheError {
        let reason = errno
        return CacheError(
            .fileFailed,
            "\(path) \(what): \(strerror(reason).map { String(cString: $0) } ?? "\(reason)")"
        )
    }
}
