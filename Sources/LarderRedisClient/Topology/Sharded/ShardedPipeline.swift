/// Commands that are sent together to independent servers: what each server gets, and how the replies become one list.
///
/// A plain value. Commands on keys of one shard are executed in their order; between shards there is none.
struct ShardedPipeline {
    /// What goes to one server in one go.
    struct Batch: Sendable {
        let shard: Int
        var commands: [RedisCommand] = []
        fileprivate var places: [Place] = []
    }

    /// Whose result a result is.
    fileprivate enum Place: Sendable {
        case command(Int)
        case part(Int, of: Int)
        case everywhere(Int)
    }

    private let commands: [RedisCommand]
    private(set) var batches: [Batch] = []
    /// The indexes of scans, which are pages over all servers and wait for everything else.
    private(set) var scans: [Int] = []
    private var results: [Result<RESPValue, RedisError>?]
    private var splits: [Int: (split: CommandSplit, results: [Result<RESPValue, RedisError>?])] = [:]
    private var broadcasts: [Int: (merge: ReplyMerge, results: [(shard: Int, result: Result<RESPValue, RedisError>)])] =
        [:]

    /// Makes the plan.
    ///
    /// - Parameters:
    ///   - commands: The commands.
    ///   - ring: Which shard has which key.
    /// - Throws: `RedisError` with the code `.invalidCommand` if the keys of a transaction, or those of a command that cannot
    ///   be taken apart, lie on several shards.
    init(_ commands: [RedisCommand], on ring: HashRing) throws(RedisError) {
        self.commands = commands
        self.results = Array(repeating: nil, count: commands.count)
        var transactions = try commands.transactionSpans { ring.shard(of: $0) }[...]
        var index = 0
        while index < commands.count {
            if let span = transactions.first, span.commands.lowerBound == index {
                transactions.removeFirst()
                let shard = try Self.shard(of: span, in: commands, on: ring)
                for index in span.commands { self.add(commands[index], .command(index), to: shard) }
                index = span.commands.upperBound
            } else {
                try self.add(index, on: ring)
                index += 1
            }
        }
    }

    /// The shard that has a transaction's keys, and at which its channels are listened to.
    private static func shard(
        of span: TransactionSpan,
        in commands: [RedisCommand],
        on ring: HashRing
    ) throws(RedisError) -> Int {
        var shard = span.group
        for index in span.commands {
            guard let other = commands[index].publishingShard(on: ring) else { continue }
            guard shard == nil || shard == other else { throw .scatteredTransaction }
            shard = other
        }
        return shard ?? 0
    }

    private mutating func add(_ index: Int, on ring: HashRing) throws(RedisError) {
        let command = self.commands[index]
        switch try command.shardRouting(on: ring) {
        case .shard(let shard): self.add(command, .command(index), to: shard)
        case .scan: self.scans.append(index)
        case .all(let merge):
            self.broadcasts[index] = (merge, [])
            for shard in ring.shards.indices { self.add(command, .everywhere(index), to: shard) }
        case .split(let split):
            self.splits[index] = (split, Array(repeating: nil, count: split.parts.count))
            for (number, part) in split.parts.enumerated() {
                self.add(part.command, .part(number, of: index), to: part.group)
            }
        }
    }

    private mutating func add(_ command: RedisCommand, _ place: Place, to shard: Int) {
        let number: Int
        if let known = self.batches.firstIndex(where: { $0.shard == shard }) {
            number = known
        } else {
            number = self.batches.count
            self.batches.append(Batch(shard: shard))
        }
        self.batches[number].commands.append(command)
        self.batches[number].places.append(place)
    }

    // MARK: Answers

    /// Takes what became of the commands of a batch.
    mutating func take(_ results: [Result<RESPValue, RedisError>], of number: Int) {
        let batch = self.batches[number]
        for (place, result) in zip(batch.places, results) {
            switch place {
            case .command(let index): self.results[index] = result
            case .part(let part, let index): self.splits[index]?.results[part] = result
            case .everywhere(let index): self.broadcasts[index]?.results.append((batch.shard, result))
            }
        }
    }

    /// Takes what became of a command that is in no batch.
    mutating func note(_ result: Result<RESPValue, RedisError>, of index: Int) { self.results[index] = result }

    /// Puts the results together.
    ///
    /// - Returns: For each command its reply or its error.
    /// - Throws: `RedisError` if no command was answered, for no reason that a server gave.
    mutating func assemble() throws(RedisError) -> [Result<RESPValue, RedisError>] {
        for (index, part) in self.splits { self.results[index] = part.split.merge(part.results) }
        for (index, broadcast) in self.broadcasts {
            let ordered = broadcast.results.sorted { $0.shard < $1.shard }.map(\.result)
            self.results[index] = broadcast.merge.merge(ordered, of: self.commands[index])
        }
        let missing = RedisError(.unexpectedReply, message: "a command of the pipeline got no reply")
        return try self.results.map { $0 ?? .failure(missing) }.unlessNothingWasAnswered()
    }
}
