import Larder
import LarderRedisClient
import NIOCore

extension RedisNamespace {
    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        if tags.isEmpty { return [] }
        let arguments: [ScriptArgument] = [.random, .milliseconds(duration), try .names(of: tags)]
        let reply = try await self.translatingErrors { try await self.generations.run(EntryScripts.marks, arguments) }
        guard let marks = reply.marks, marks.map(\.name) == tags else {
            throw Self.unexpectedReply(to: "the marks script")
        }
        return marks
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        if tags.isEmpty { return }
        let word =
            switch manner {
            case .dead: "dead"
            case .stale: "stale"
            }
        let arguments: [ScriptArgument] = [.random, .text(word), try .names(of: tags)]
        let reply = try await self.translatingErrors {
            try await self.generations.run(EntryScripts.invalidate, arguments, on: self.invalidator)
        }
        guard reply == .integer(0) else { throw Self.unexpectedReply(to: "the invalidate script") }
    }

    func report(on key: StoreKey) async throws -> [EntryReport] {
        var call = EntryCall(script: EntryScripts.report, items: [.init(key: key)])
        call.makesStamp = false
        let reply = try await self.answer(call)
        guard case .array(let parts) = reply, parts.count == 7,
            let state = try? String(resp: parts[0]), let culprit = try? String(resp: parts[1]),
            case .bulkString(let bytes) = parts[2],
            case .integer(let milliseconds) = parts[3],
            case .integer(let length) = parts[4],
            case .integer(let leaseMilliseconds) = parts[6]
        else { throw Self.unexpectedReply(to: "the report script") }
        var report = EntryReport(tier: "redis", state: .absent)
        if let token = LeaseToken(reply: parts[5]) {
            report.holder = .init(token: token, timeLeft: .milliseconds(max(0, leaseMilliseconds)))
        }
        if state == "absent" { return [report] }
        report.state = .unreadable
        guard let (header, offset) = bytes.withUnsafeReadableBytes({ EntryHeader.parse($0) }) else { return [report] }
        switch state {
        case "fresh": report.state = .fresh
        case "stale": report.state = culprit.isEmpty ? .stale : .staleByTag(culprit)
        case "dead": report.state = culprit.isEmpty ? .deadByNamespace : .deadByTag(culprit)
        default: throw Self.unexpectedReply(to: "the report script")
        }
        report.timeLeft = header.timeLeft(milliseconds: milliseconds)
        if let freshFor = header.lifetime.freshFor, let left = report.timeLeft?.duration {
            report.age = freshFor - left
        }
        report.grace = header.lifetime.grace
        report.size = max(0, Int(length) - offset)
        report.codec = header.codec
        report.fillCost = header.fillCost
        report.tags = header.marks.map(\.name)
        return [report]
    }
}
