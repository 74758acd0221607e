import Larder

/// How many entries each of the 256 folders has, and how many bytes of the disk they take.
///
/// It is kept in a file that every writing step reads first and writes when it changes something, so that all processes
/// know how much there is without looking. A folder is counted up before an entry is written, so that a process which dies
/// in between leaves a number that is too large, never too small; whoever sweeps the folder counts it anew.
struct FileTotals: Equatable {
    struct Folder: Equatable {
        var entries: Int64 = 0
        var bytes: Int64 = 0
    }

    static let folderCount = 256
    private static let mark = Array("LFT1".utf8)
    private static let length = 8 + 16 * Self.folderCount

    private(set) var folders = Array(repeating: Folder(), count: Self.folderCount)
    private(set) var entries: Int64 = 0
    private(set) var bytes: Int64 = 0

    init() {}

    /// Reads what ``encoded`` has made; `nil` where it is anything else.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.length, bytes.starts(with: Self.mark),
            bytes.littleEndian(at: 4, as: UInt32.self) == Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[8...]))
        else { return nil }
        for index in 0..<Self.folderCount {
            self.set(
                index,
                Folder(
                    entries: bytes.littleEndian(at: 8 + 16 * index, as: Int64.self),
                    bytes: bytes.littleEndian(at: 16 + 16 * index, as: Int64.self)
                )
            )
        }
    }

    var encoded: [UInt8] {
        var rest: [UInt8] = []
        rest.reserveCapacity(Self.length)
        for folder in self.folders {
            rest.appendLittleEndian(folder.entries)
            rest.appendLittleEndian(folder.bytes)
        }
        var bytes = Self.mark
        bytes.reserveCapacity(Self.length)
        bytes.appendLittleEndian(rest.withUnsafeBytes { Checksum.of($0) })
        return bytes + rest
    }

    /// Says what a folder has.
    mutating func set(_ index: Int, _ folder: Folder) {
        self.entries += folder.entries - self.folders[index].entries
        self.bytes += folder.bytes - self.folders[index].bytes
        self.folders[index] = folder
    }

    /// Counts what comes to a folder or leaves it.
    mutating func add(_ index: Int, entries: Int64, bytes: Int64) {
        let folder = self.folders[index]
        self.set(index, Folder(entries: max(0, folder.entries + entries), bytes: max(0, folder.bytes + bytes)))
    }

    /// A folder that has entries, drawn at random so that each entry has the same chance.
    func randomFolder() -> Int? {
        guard self.entries > 0 else { return nil }
        var place = Int64.random(in: 0..<self.entries)
        for (index, folder) in self.folders.enumerated() {
            if place < folder.entries { return index }
            place -= folder.entries
        }
        return nil
    }

    /// What a file takes of the disk, in whole blocks.
    static func size(_ length: Int64) -> Int64 { (length + 4_095) / 4_096 * 4_096 }
}
