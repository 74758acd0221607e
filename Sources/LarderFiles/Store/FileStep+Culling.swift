/// Room for what is written: entries leave that have not been used for the longest time, about.
///
/// Files lie under hashes of their names, so any folder is a sample of all of them, and so are several that lie beside each other where
/// one has too few. Of 64 files, beginning with a folder drawn at random, the quarter leaves that was used the longest time ago,
/// as far as needed, and so on; some more than have to, so that not every write has to look.
extension FileStep {
    private struct Candidate {
        let folder: Int
        let path: String
        let used: Int64
    }

    private static let sampleSize = 64

    /// Sees to it that the store holds no more than it may.
    func cull() throws {
        let limits = self.folder.configuration
        let (mostEntries, mostBytes) = (Int64(limits.mostEntries), Int64(limits.mostBytes))
        var totals = try self.currentTotals()
        guard totals.entries > mostEntries || totals.bytes > mostBytes else { return }
        let entries = mostEntries - min(mostEntries / 100, 64)
        let bytes = mostBytes - mostBytes / 100
        while totals.entries > entries || totals.bytes > bytes {
            let sample = try self.sample(totals)
            // Then there are no files, and the folders were counted anew.
            guard !sample.isEmpty else { return }
            let most = max(1, sample.count / 4)
            totals = try self.currentTotals()
            for candidate in sample.sorted(by: { $0.used < $1.used }).prefix(most)
            where totals.entries > entries || totals.bytes > bytes {
                _ = try self.removeFile((candidate.folder, candidate.path))
                totals = try self.currentTotals()
            }
        }
    }

    /// Up to 64 entries, of a folder drawn at random and those behind it.
    private func sample(_ totals: FileTotals) throws -> [Candidate] {
        guard let first = totals.randomFolder() else { return [] }
        var sample: [Candidate] = []
        for step in 0..<FileTotals.folderCount where sample.count < Self.sampleSize {
            let index = (first + step) % FileTotals.folderCount
            guard totals.folders[index].entries > 0 else { continue }
            let folder = self.folder.folder(index, .entry)
            let names = try SystemFiles.names(in: folder)
            if names.isEmpty {
                // A process has died before it could count.
                try self.count(index)
                continue
            }
            sample += names.shuffled().prefix(Self.sampleSize - sample.count).compactMap { name in
                let path = "\(folder)/\(name)"
                return SystemFiles.status(path).map { Candidate(folder: index, path: path, used: $0.used) }
            }
        }
        return sample
    }
}
