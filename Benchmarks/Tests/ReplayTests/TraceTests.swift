import Replay
import Testing

@Suite
struct TraceTests {
    private func parse(_ text: String, sizes: Bool = false) throws(TraceError) -> Trace {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(TraceError) in try Trace(parsing: buffer, sizes: sizes) }
        }
        return try result.get()
    }

    @Test
    func readsANumberALine() throws {
        #expect(try self.parse("1\n18446744073709551615\n0\n").keys == [1, .max, 0])
        #expect(try self.parse("1\n2").keys == [1, 2])
        #expect(try self.parse("").keys.isEmpty)
    }

    @Test
    func readsSizes() throws {
        let trace = try self.parse("7 100\n8\t20\n", sizes: true)
        #expect(trace.keys == [7, 8])
        #expect(trace.sizes == [100, 20])
    }

    @Test(arguments: ["1\nx\n", "1\n\n2\n", "1\n18446744073709551616\n", "1\n-2\n", "1\n2 3\n", "1\n2\r\n"])
    func namesTheLineThatIsNoNumber(text: String) {
        let error = #expect(throws: TraceError.self) { try self.parse(text) }
        #expect(error?.line == 2)
    }

    @Test(arguments: ["1 2\n3\n", "1 2\n3 x\n", "1 2\n3 4 5\n"])
    func namesTheLineWithoutASize(text: String) {
        let error = #expect(throws: TraceError.self) { try self.parse(text, sizes: true) }
        #expect(error?.line == 2)
    }
}
