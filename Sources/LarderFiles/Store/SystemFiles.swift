import Larder

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What the system says when a file could not be used.
struct FileFailure: Error, CustomStringConvertible {
    let path: String
    let what: String
    let number: Int32

    /// Says what the system said last.
    init(_ path: String, _ what: String) {
        self.path = path
        self.what = what
        self.number = errno
    }

    var description: String {
        "\(self.path) \(self.what): \(strerror(self.number).map { String(cString: $0) } ?? "error \(self.number)")"
    }
}

/// The few calls of the system that the store needs.
enum SystemFiles {
    /// How large a file is, and when it was used last, in milliseconds.
    struct Status {
        var length: Int64
        var used: Int64
    }

    /// All of a file.
    ///
    /// - Returns: `nil` where there is none.
    /// - Throws: ``FileFailure``.
    static func read<Result>(
        _ path: String,
        _ body: (UnsafeRawBufferPointer, Status) throws -> Result
    ) throws -> Result? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileFailure(path, "could not be opened")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFailure(path, "could not be looked at") }
        let length = Int(status.st_size)
        return try withUnsafeTemporaryAllocation(byteCount: max(1, length), alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { throw FileFailure(path, "could not be read") }
            var count = 0
            while count < length {
                let read = Self.read(descriptor, base + count, length - count)
                if read == 0 { break }
                if read < 0 {
                    if errno == EINTR { continue }
                    throw FileFailure(path, "could not be read")
                }
                count += read
            }
            return try body(UnsafeRawBufferPointer(start: base, count: count), Self.status(status))
        }
    }

    private static func read(_ descriptor: Int32, _ base: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, base, count)
        #elseif canImport(Musl)
        Musl.read(descriptor, base, count)
        #elseif canImport(Darwin)
        Darwin.read(descriptor, base, count)
        #endif
    }

    /// Writes a new file.
    ///
    /// - Parameters:
    ///   - path: Its path; nothing is there.
    ///   - bytes: What it holds.
    ///   - used: The time that it carries, in milliseconds; `nil`, the system's.
    ///   - waitsForDisk: Whether to return only when the disk has it.
    /// - Throws: ``FileFailure``; nothing is left of the file.
    static func write(_ path: String, _ bytes: [UInt8], used: Int64?, waitsForDisk: Bool) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(path, "could not be made") }
        do {
            defer { close(descriptor) }
            try bytes.withUnsafeBytes { try Self.write($0, to: descriptor, path) }
            if let used {
                var times = Self.times(used)
                guard futimens(descriptor, &times) == 0 else { throw FileFailure(path, "could not be marked") }
            }
            if waitsForDisk, fsync(descriptor) != 0 { throw FileFailure(path, "could not be written") }
        } catch {
            unlink(path)
            throw error
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws {
        var offset = 0
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            #if canImport(Glibc)
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            #elseif canImport(Musl)
            let written = Musl.write(descriptor, rest.baseAddress, rest.count)
            #elseif canImport(Darwin)
            let written = Darwin.write(descriptor, rest.baseAddress, rest.count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw FileFailure(path, "could not be written")
            }
            offset += written
        }
    }

    /// Marks a file as used.
    ///
    /// - Returns: Whether it is there.
    @discardableResult
    static func mark(_ path: String, used: Int64) -> Bool {
        var times = Self.times(used)
        return utimensat(AT_FDCWD, path, &times, 0) == 0
    }

    private static func times(_ milliseconds: Int64) -> [timespec] {
        let time = timespec(tv_sec: Int(milliseconds / 1_000), tv_nsec: Int(milliseconds % 1_000) * 1_000_000)
        return [time, time]
    }

    /// What there is at a path; `nil` for nothing.
    static func status(_ path: String) -> Status? {
        var status = stat()
        return stat(path, &status) == 0 ? Self.status(status) : nil
    }

    private static func status(_ status: stat) -> Status {
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        return Status(length: Int64(status.st_size), used: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Gives a file another name, in place of whatever has that name.
    static func rename(_ old: String, _ new: String) -> Bool {
        #if canImport(Glibc)
        Glibc.rename(old, new) == 0
        #elseif canImport(Musl)
        Musl.rename(old, new) == 0
        #elseif canImport(Darwin)
        Darwin.rename(old, new) == 0
        #endif
    }

    /// Removes a file.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: ``FileFailure``.
    @discardableResult
    static func remove(_ path: String) throws -> Bool {
        if unlink(path) == 0 { return true }
        if errno == ENOENT { return false }
        throw FileFailure(path, "could not be removed")
    }

    /// Makes a folder, if it is not there.
    static func makeFolder(_ path: String) throws {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw FileFailure(path, "could not be made") }
    }

    /// The names in a folder; none where there is no folder.
    static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw FileFailure(folder, "could not be listed")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Brings new names in a folder to the disk.
    static func sync(folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(folder, "could not be opened") }
        defer { close(descriptor) }
        // Some file systems do not sync folders, and say so by EINVAL.
        if fsync(descriptor) != 0, errno != EINVAL { throw FileFailure(folder, "could not be written") }
    }
}

extension SystemFiles {
    /// Writes a file over, which others only read while they have the same lock.
    static func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(path, "could not be opened") }
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard written == bytes.count else { throw FileFailure(path, "could not be written") }
    }
}
