import ArgumentParser
import Foundation
import Replay

/// Where a subcommand reads a trace from.
struct TraceInput: ParsableArguments {
    @Option(help: "The file with the trace, one unsigned number a line; - is standard input.")
    var keys: String

    /// Reads the whole trace into memory: a file of a million requests has 20 MB.
    func read(sizes: Bool = false) throws -> Trace {
        let name = self.keys == "-" ? "standard input" : self.keys
        let data = try self.data()
        // By their first bytes, so that a pipe that forgot to unpack is told too.
        let packers: [(program: String, magic: [UInt8])] = [
            ("xz", [0xFD, 0x37, 0x7A, 0x58]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]), ("gzip", [0x1F, 0x8B]),
        ]
        for (program, magic) in packers where data.starts(with: magic) {
            let file = self.keys == "-" ? "FILE" : self.keys
            throw Failure(
                "\(name) is compressed; unpack it on the way: \(program) -dc \(file) | larder-bench trace --keys - ..."
            )
        }
        do {
            let trace = try data.withUnsafeBytes { try Trace(parsing: $0, sizes: sizes) }
            guard !trace.keys.isEmpty else { throw Failure("\(name) has no requests") }
            return trace
        } catch let error as TraceError {
            throw Failure("\(name): \(error)")
        }
    }

    private func data() throws -> Data {
        if self.keys == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: self.keys))
        } catch {
            let isThere = FileManager.default.fileExists(atPath: self.keys)
            throw Failure(isThere ? "\(self.keys) cannot be read" : "there is no file \(self.keys)")
        }
    }
}
