import Larder
import NIOCore

/// What the name of a key says that a server has told of.
enum TrackedName: Equatable {
    /// An entry was written, removed, evicted, or has expired.
    case entry(StoreKey)
    /// The namespace was cleared, its fill epoch raised, or its stamp lost.
    case namespace
    /// A tag was invalidated or expired, or its record was made or lost.
    case tag(String)
    /// The serial, a lease, or a key of another namespace whose name begins alike.
    case other
}

extension EntryKeys {
    /// How the names of all keys begin of whose changes copies depend.
    ///
    /// No server takes two of which one begins with the other.
    var trackedPrefixes: [String] { [self.prefix, String(self.stamp.dropLast("stamp".count))] }

    /// What a name stands for that begins with one of ``trackedPrefixes``.
    func tracked(_ name: ByteBuffer) -> TrackedName {
        let text = String(buffer: name)
        if text == self.stamp { return .namespace }
        let tags = self.tag("")
        if text.utf8.starts(with: tags.utf8) {
            return String(text.utf8.dropFirst(tags.utf8.count)).map { .tag($0) } ?? .other
        }
        guard let key = self.parse(text), self.isOurs(key) else { return .other }
        return .entry(key)
    }
}
