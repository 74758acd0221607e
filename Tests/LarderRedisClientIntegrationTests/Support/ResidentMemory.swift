import Foundation

/// How much memory this process has, as far as the system tells.
enum ResidentMemory {
    /// Nil on systems without `/proc`.
    static var bytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        // Sizes in pages: of the address space, resident, shared, ...
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }
    }
}
