#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What Linux says of the memory of this process's control group and of those around it (cgroup v2).
///
/// See the kernel's documentation, "Control Group v2" (memory.current, memory.max, memory.stat) and "PSI - Pressure Stall
/// Information" (memory.pressure).
struct LinuxMemory: Sendable {
    /// The share of the limit from which on memory is scarce, and that from which on it is critical.
    private static var scarceUse: Double { 0.85 }
    private static var criticalUse: Double { 0.95 }
    /// Per cent of the last ten seconds in which some task waited for memory, or all tasks did.
    private static var scarceStall: Double { 10 }
    private static var criticalStall: Double { 10 }

    /// The text of a file, or `nil` where there is none.
    var text: @Sendable (_ path: String) -> String? = Self.contents

    func pressure() -> MemoryPressure? {
        var pressures: [MemoryPressure] = []
        var path = self.text("/proc/self/cgroup").flatMap(Self.groupPath)
        if let stall = self.text("/sys/fs/cgroup\(path ?? "")/memory.pressure") ?? self.text("/proc/pressure/memory") {
            if Self.average("full", stall) >= Self.criticalStall {
                pressures.append(.critical)
            } else if Self.average("some", stall) >= Self.scarceStall {
                pressures.append(.warning)
            }
        }
        // The limit may be that of a group around ours.
        while let group = path {
            switch self.use(of: "/sys/fs/cgroup" + group) {
            case Self.criticalUse...: pressures.append(.critical)
            case Self.scarceUse...: pressures.append(.warning)
            default: break
            }
            path = group.lastIndex(of: "/").map { String(group[..<$0]) }
        }
        return pressures.max()
    }

    /// The share of a group's limit that is in use and is no more than a cache of files; 0 where it has no limit.
    private func use(of folder: String) -> Double {
        guard let limit = self.number("\(folder)/memory.max"), limit > 0,
            let current = self.number("\(folder)/memory.current")
        else { return 0 }
        let files = self.text("\(folder)/memory.stat").flatMap { Self.field("inactive_file", of: $0) } ?? 0
        return max(0, current - files) / limit
    }

    private func number(_ path: String) -> Double? {
        self.text(path).flatMap { Double($0.prefix { $0.isNumber }) }
    }

    /// The path of the group in `/proc/self/cgroup`, without a slash at its end.
    static func groupPath(_ text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("0::/") {
            let path = line.dropFirst(3)
            return String(path == "/" ? "" : path)
        }
        return nil
    }

    /// The number behind a name in a file of lines of names and numbers.
    static func field(_ name: String, of text: String) -> Double? {
        for line in text.split(separator: "\n") where line.hasPrefix(name + " ") {
            return Double(line.dropFirst(name.count + 1))
        }
        return nil
    }

    /// The ten-second average of a kind of stall: `some avg10=0.12 avg60=...`.
    static func average(_ kind: String, _ text: String) -> Double {
        for line in text.split(separator: "\n") where line.hasPrefix(kind + " ") {
            for field in line.split(separator: " ") where field.hasPrefix("avg10=") {
                return Double(field.dropFirst(6)) ?? 0
            }
        }
        return 0
    }

    /// The beginning of a small file of the kernel's, which never waits for a disk.
    private static func contents(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { read(file, $0, buffer.count) } ?? 0
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
