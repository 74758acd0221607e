import Foundation
import Testing

@Suite struct IntegrityTests {
    /// Whoever adds a test of the memory cache cannot forget the check.
    @Test func everyMemoryCacheOfATestIsChecked() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Memory")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            count += 1
            let unchecked = text.split(separator: "\n").filter { $0.contains(/MemoryCache(<.*>)?\(limit:/) }
            #expect(unchecked == [], "\(file.lastPathComponent): make it with MemoryCache.checked")
        }
        #expect(count > 5)
    }
}
