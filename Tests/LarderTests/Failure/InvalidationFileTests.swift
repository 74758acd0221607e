import Foundation
import Testing

@testable import Larder

@Suite struct InvalidationFileTests: ~Copyable {
    private let folder: URL
    private let path: String
    private let all: [Invalidation] = [
        .key(StoreKey(version: -3, name: "bücher/42 \"x\" \\")), .tag("t", .dead), .tag("t", .stale),
        .pattern("book:*"), .clear,
    ]

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "larder-\(UUID())")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        self.path = self.folder.appending(path: "invalidations").path
    }

    deinit {
        try? FileManager.default.removeItem(at: self.folder)
    }

    private func open(_ namespace: CacheNamespace = "ns") throws -> InvalidationFile {
        try InvalidationFile(self.path, namespace: namespace)
    }

    private func loaded() throws -> [Invalidation] {
        try self.open().load()
    }

    private func bytes() throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: self.path)))
    }

    private func expectFailure(_ part: String, _ body: () throws -> Void) {
        let error = #expect(throws: CacheError.self) { try body() }
        #expect(error?.code == .fileFailed)
        #expect(error?.message.contains(part) == true, "\(String(describing: error))")
        #expect(error?.message.contains(self.path) == true)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        do {
            let file = try self.open()
            #expect(try file.load() == [])
            try file.append([self.all[0]])
            try file.append(Array(self.all[1...]))
        }
        #expect(try self.loaded() == self.all)
        let lines = try String(decoding: self.bytes(), as: UTF8.self).split(separator: "\n")
        #expect(lines.first == #"{"format":1,"kind":"larder invalidations","namespace":"ns"}"#)
        #expect(lines.last == #"{"clear":true}"#)
    }

    @Test func onlyThisUserCanReadIt() throws {
        let file = try self.open()
        try file.append(self.all)
        try file.replace(with: self.all)
        let attributes = try FileManager.default.attributesOfItem(atPath: self.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func emptiedFileIsEmptyAndCanBeUsedAgain() throws {
        do {
            let file = try self.open()
            _ = try file.load()
            try file.append(self.all)
            try file.empty()
            #expect(try self.bytes() == [])
            #expect(file.lineCount == 0)
            try file.append([.clear])
        }
        #expect(try self.loaded() == [.clear])
    }

    @Test func replacedFileIsLockedAndCanBeUsedAgain() throws {
        do {
            let file = try self.open()
            _ = try file.load()
            try file.append(self.all)
            try file.replace(with: [.tag("u", .dead)])
            self.expectFailure("locked") { _ = try self.open() }
            try file.append([.clear])
            #expect(file.lineCount == 2)
        }
        #expect(try self.loaded() == [.tag("u", .dead), .clear])
        #expect(try FileManager.default.contentsOfDirectory(atPath: self.folder.path) == ["invalidations"])
    }

    @Test func anyTornEndIsToleratedAndCutOff() throws {
        do {
            let file = try self.open()
            try file.append(self.all)
        }
        let whole = try self.bytes()
        for length in 0..<whole.count {
            try Data(whole[..<length]).write(to: URL(filePath: self.path))
            do {
                let file = try self.open()
                let found = try file.load()
                #expect(found == Array(self.all.prefix(found.count)))
                #expect(found.count == max(1, whole[..<length].count { $0 == UInt8(ascii: "\n") }) - 1)
                try file.append([.tag("after", .dead)])
            }
            #expect(try self.loaded().last == .tag("after", .dead), "torn at byte \(length)")
        }
    }

    @Test func damagedLineIsAnErrorThatNamesIt() throws {
        do { try self.open().append(self.all) }
        for line in ["", "{", #"{"key":"a"}"#, #"{"tag":"a","pattern":"b"}"#, #"{"clear":false}"#, "\u{0}\u{0}"] {
            let start = try self.bytes()
            try Data(start + Array("\(line)\n".utf8)).write(to: URL(filePath: self.path))
            self.expectFailure("line 7 is damaged") { _ = try self.open().load() }
            try Data(start).write(to: URL(filePath: self.path))
        }
    }

    @Test func filesOfOthersAreLeftAsTheyAre() throws {
        do { try self.open("other").append([.clear]) }
        self.expectFailure("namespace \"other\"") { _ = try self.open().load() }
        for text in ["x", "precious data\n", String(repeating: "precious", count: 100_000)] {
            try Data(text.utf8).write(to: URL(filePath: self.path))
            self.expectFailure("left as it is") { _ = try self.open().load() }
            #expect(try self.bytes() == Array(text.utf8))
        }
    }

    @Test func twoCannotShareIt() throws {
        let file = try self.open()
        self.expectFailure("two cannot share") { _ = try self.open() }
        try file.append([.clear])
    }

    @Test func folderThatIsMissingIsSaid() {
        let error = #expect(throws: CacheError.self) {
            _ = try InvalidationFile("\(self.path)/missing/file", namespace: "ns")
        }
        #expect(error?.code == .fileFailed)
        #expect(error?.message.contains("could not be opened") == true)
    }
}
