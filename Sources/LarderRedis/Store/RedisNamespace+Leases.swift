import Larder
import LarderRedisClient

extension RedisNamespace {
    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        var arguments: [ScriptArgument] = [.random]
        for commit in commits {
            arguments.append(.bytes(commit.lease.bytes))
            arguments.append(try .marks(commit.lease.marks + commit.marks))
            arguments.append(try .names(of: commit.lateTags))
            arguments += try EntryWriting(commit.write).arguments
        }
        let written = try await self.flags(EntryScripts.commit, on: commits.map(\.write.key), arguments)
        for (commit, isWritten) in zip(commits, written) where isWritten {
            var seen = Set<String>()
            let names = (commit.lease.marks + commit.marks).map(\.name) + commit.lateTags
            self.rememberedTags.remember(names.filter { seen.insert($0).inserted }, of: commit.write.key)
        }
        return written
    }

    func release(_ leases: [Lease]) async throws {
        if leases.isEmpty { return }
        let arguments = [ScriptArgument.random] + leases.map { .bytes($0.token.bytes) }
        _ = try await self.run(EntryScripts.release, on: leases.map(\.key), arguments)
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        let arguments: [ScriptArgument] = [.random, .milliseconds(duration)] + leases.map { .bytes($0.bytes) }
        return try await self.flags(EntryScripts.renew, on: leases.map(\.key), arguments)
    }
}
