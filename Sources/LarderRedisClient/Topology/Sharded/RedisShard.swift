extension RedisConfiguration {
    /// One of several independent servers over which a client spreads keys.
    public struct Shard: Sendable, Hashable {
        /// The server's identity among the others: which keys it has follows from it, and from nothing else but the weight.
        ///
        /// A server that moves to another address and keeps its name keeps its keys. All clients that share keys have to
        /// use the same names.
        public var name: String

        /// Where the server listens.
        public var address: Address

        /// How many times the keys of a server with weight 1 it gets, from 1 to 100.
        public var weight: Int

        /// Describes a server.
        ///
        /// - Parameters:
        ///   - address: Where it listens.
        ///   - name: Its identity; nil for the address as text, such as `cache-1:6379`.
        ///   - weight: How many times the keys of a server with weight 1 it gets, from 1 to 100.
        public init(_ address: Address, name: String? = nil, weight: Int = 1) {
            self.name = name ?? address.description
            self.address = address
            self.weight = weight
        }

        /// What the ring knows of it.
        var ringShard: HashRing.Shard { HashRing.Shard(name: self.name, weight: self.weight) }
    }
}
