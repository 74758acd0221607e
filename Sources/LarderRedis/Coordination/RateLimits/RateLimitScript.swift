import Larder
import LarderRedisClient

/// The scripts that charge a subject: one for each order of algorithms, not one for each choice of numbers, so that a server
/// has to remember only a few however many limiters there are.
///
/// They decide as `TokenBucket`, `FixedWindow` and `SlidingWindow` do, with the same numbers: whole ones below 2^53 are exact in Lua.
///
/// What they save was measured (docs/decisions/0022): all numbers of the limits come as one string, because `struct.unpack` takes one
/// call where `tonumber` takes one for each; each limit has its own variables instead of a loop over tables; a call is `TIME`,
/// `GET` and, if it is allowed, one `SET` with the expiry.
///
/// `KEYS[1]`: the subject's state. `ARGV[1]`: the numbers, see `RateLimitArguments`. Returns 1 if the call is allowed, else 0, and
/// for each limit the numbers of its `RateLimitLevel`; where `answersWithSpan`, that span, or -1 less it.
struct RateLimitScript {
    /// What is done.
    enum Verb {
        case charge
        case peek
    }

    /// Where the time comes from.
    enum Time {
        /// The server's clock.
        case server
        /// `ARGV[2]`, in microseconds: for tests, which cannot move a server's clock.
        case argument
    }

    let script: RedisScript

    init(_ terms: [RateLimitTerms], _ verb: Verb, time: Time) {
        let parts = terms.enumerated().map { ScriptPart($1, number: $0 + 1) }
        let names = parts.flatMap(\.parameters)
        var source = """
            local call, pack, unpack = redis.call, struct.pack, struct.unpack
            local \(names.joined(separator: ", ")) = unpack('<\(String(repeating: "d", count: names.count))', ARGV[1])
            \(Self.clock(time))
            local state = call('GET', KEYS[1])
            local place, mended = 1, false

            """
        for part in parts { source += part.reading }
        source += "local allowed = \(parts.map(\.condition).joined(separator: " and "))\n"
        if verb == .charge {
            source += "if allowed then\n" + parts.map(\.charging).joined() + "end\n"
            source += "if allowed or mended then\n" + Self.writing(parts) + "end\n"
        }
        if Self.answersWithSpan(terms) {
            source += "return allowed and span1 or -1 - span1\n"
        } else {
            source += "return {allowed and 1 or 0, \(parts.flatMap(\.level).joined(separator: ", "))}\n"
        }
        self.script = RedisScript(source, isReadOnly: verb == .peek)
    }

    /// Whether a script answers with one number, because there is but one that changes: a token bucket's span.
    ///
    /// It is less than zero if the call is refused. A table costs the server more than all the arithmetic.
    static func answersWithSpan(_ terms: [RateLimitTerms]) -> Bool {
        guard terms.count == 1, case .tokenBucket(let bucket) = terms[0] else { return false }
        return bucket.isWhole
    }

    private static func clock(_ time: Time) -> String {
        switch time {
        case .server: "local time = call('TIME')\nlocal now = time[1] * 1000000 + time[2]"
        case .argument: "local now = ARGV[2] + 0"
        }
    }

    /// Writes the state, which lives as long as it says anything.
    ///
    /// The server counts whole milliseconds, from a moment before the script has asked for the time: ten more do no harm.
    private static func writing(_ parts: [ScriptPart]) -> String {
        var source = parts.map(\.packing).joined()
        source += "local life = span1\n"
        for part in parts.dropFirst() { source += "if span\(part.number) > life then life = span\(part.number) end\n" }
        let pieces = parts.map { "piece\($0.number)" }.joined(separator: " .. ")
        source += "call('SET', KEYS[1], \(pieces), 'PX', (life - life % 1000) / 1000 + 10)\n"
        return source
    }
}

/// One limit's lines of a script; the names of its variables end in its number.
private struct ScriptPart {
    let number: Int
    /// What it reads from the arguments, in the order of `RateLimitArguments`.
    let parameters: [String]
    /// Makes its level of the state, from `place` on.
    let reading: String
    /// Whether it allows the call.
    let condition: String
    /// Charges the call.
    let charging: String
    /// Makes its piece of the state to be written.
    let packing: String
    /// Its level.
    let level: [String]

    init(_ terms: RateLimitTerms, number: Int) {
        self.number = number
        func numbered(_ source: String) -> String { source.replacing("$", with: "\(number)") }
        let source =
            switch terms {
            case .tokenBucket(let bucket): bucket.isWhole ? Self.wholeTokenBucket : Self.tokenBucket
            case .fixedWindow: Self.fixedWindow
            case .slidingWindow: Self.slidingWindow
            }
        self.parameters = source.parameters.map(numbered)
        self.reading = numbered(source.reading) + "\n"
        self.condition = numbered(source.condition)
        self.charging = numbered(source.charging) + "\n"
        self.packing = numbered(source.packing) + "\n"
        self.level = source.level.map(numbered)
    }

    private struct Source {
        var parameters: [String]
        var reading: String
        var condition: String
        var charging: String
        var packing: String
        var level: [String]
    }

    /// The state is the moment at which the bucket is full: microseconds and parts.
    private static let tokenBucket = Source(
        parameters: ["cost$", "costparts$", "room$", "roomparts$", "fill$", "fillparts$", "whole$"],
        reading: """
            local span$, parts$ = 0, 0
            if state then
              span$, parts$, place = unpack('<dd', state, place)
              span$ = span$ - now
              if span$ < 0 then
                span$, parts$ = 0, 0
              elseif span$ > fill$ or (span$ == fill$ and parts$ > fillparts$) then
                span$, parts$, mended = fill$, fillparts$, true
              end
            end
            """,
        condition: "(span$ < room$ or (span$ == room$ and parts$ <= roomparts$))",
        charging: """
            span$, parts$ = span$ + cost$, parts$ + costparts$
            if parts$ >= whole$ then span$, parts$ = span$ + 1, parts$ - whole$ end
            """,
        packing: "local piece$ = pack('<dd', now + span$, parts$)",
        level: ["span$", "parts$"]
    )

    /// The same where a token takes whole microseconds, as nearly all do.
    private static let wholeTokenBucket = Source(
        parameters: ["cost$", "room$", "fill$"],
        reading: """
            local span$ = 0
            if state then
              span$, place = unpack('<d', state, place)
              span$ = span$ - now
              if span$ < 0 then
                span$ = 0
              elseif span$ > fill$ then
                span$, mended = fill$, true
              end
            end
            """,
        condition: "span$ <= room$",
        charging: "span$ = span$ + cost$",
        packing: "local piece$ = pack('<d', now + span$)",
        level: ["span$"]
    )

    /// The state is the window's end and the count.
    private static let fixedWindow = Source(
        parameters: ["cost$", "room$", "length$"],
        reading: """
            local finish$, count$, border$ = 0, 0, now - now % length$ + length$
            if state then
              finish$, count$, place = unpack('<dd', state, place)
              if finish$ > border$ then finish$, mended = border$, true end
            end
            if finish$ <= now then finish$, count$ = border$, 0 end
            local span$ = finish$ - now
            """,
        condition: "count$ <= room$",
        charging: "count$ = count$ + cost$",
        packing: "local piece$ = pack('<dd', finish$, count$)",
        level: ["span$", "count$"]
    )

    /// The state is the number of older entries, the sum of all, the newest entry's first and last moment and its count, then
    /// the older entries with moment and count, oldest first.
    ///
    /// So nothing but a few numbers is read of a long log, nothing but
    /// these written when a charge joins the newest entry, and what has left the window is cut off the front.
    private static let slidingWindow = Source(
        parameters: ["cost$", "room$", "length$", "grain$"],
        reading: """
            local older$, total$, start$, time$, count$, head$, tail$ = 0, 0, 0, 0, 0, 1, 1
            if state then
              older$, total$, start$, time$, count$, head$ = unpack('<ddddd', state, place)
              place = head$ + older$ * 16
              tail$ = place
              local past = now - length$
              if time$ <= past then
                total$, count$, head$ = 0, 0, tail$
              else
                while head$ < tail$ do
                  local moment, count = unpack('<dd', state, head$)
                  if moment > past then break end
                  total$, head$ = total$ - count, head$ + 16
                end
                if time$ > now then
                  while head$ < tail$ do
                    local moment, count = unpack('<dd', state, tail$ - 16)
                    if moment <= now then break end
                    count$, tail$ = count$ + count, tail$ - 16
                  end
                  start$, time$, mended = now, now, true
                end
              end
            end
            local span$, wait$, closed$ = 0, 0, ''
            if count$ > 0 then
              span$ = time$ + length$ - now
              local spare, at = room$ - total$, head$
              if spare < 0 then
                wait$ = span$
                while at < tail$ do
                  local moment, count = unpack('<dd', state, at)
                  spare, at = spare + count, at + 16
                  if spare >= 0 then
                    wait$ = moment + length$ - now
                    break
                  end
                end
              end
            end
            """,
        condition: "total$ <= room$",
        charging: """
            if count$ > 0 and now - start$ < grain$ then
              count$ = count$ + cost$
            else
              if count$ > 0 then closed$ = pack('<dd', time$, count$) end
              start$, count$ = now, cost$
            end
            time$, total$, span$ = now, total$ + cost$, length$
            """,
        packing: """
            local rest$ = head$ < tail$ and string.sub(state, head$, tail$ - 1) or ''
            rest$ = rest$ .. closed$
            local piece$ = pack('<ddddd', #rest$ / 16, total$, start$, time$, count$) .. rest$
            """,
        level: ["span$", "total$", "wait$"]
    )
}
