import Larder

/// One limit's lines of a script; the names of its variables end in its number.
struct ScriptPart {
    let number: Int
    private let source: Source

    init(_ terms: RateLimitTerms, number: Int) {
        self.number = number
        self.source =
            switch terms {
            case .tokenBucket(let bucket): bucket.isWhole ? .wholeTokenBucket : .tokenBucket
            case .fixedWindow: .fixedWindow
            case .slidingWindow: .slidingWindow
            }
    }

    /// What it takes from the arguments for all calls, in the order of `RateLimitArguments`.
    var constants: [String] { self.source.constants.map(self.numbered) }
    /// What it takes from the arguments for one call.
    var terms: [String] { self.source.terms.map(self.numbered) }
    /// Its numbers of the state.
    var head: [String] { self.source.head.map(self.numbered) }
    /// What is the same for all subjects.
    var shared: String { self.lines(self.source.shared) }
    /// Raises `@` to the moment from which on its numbers say nothing any more.
    var ending: String { self.numbered(self.source.ending) }
    /// Sees the state as it is now.
    var reading: String { self.lines(self.source.reading) }
    /// Finds out when a call would be allowed that is not, where that does not follow from the level.
    var waiting: String { self.lines(self.source.waiting) }
    /// Whether it allows the call.
    var condition: String { self.numbered(self.source.condition) }
    /// Charges the call.
    var charging: String { self.lines(self.source.charging) }
    /// Makes its numbers of the state what is to be written.
    var leaving: String { self.lines(self.source.leaving) }
    /// Its level.
    var level: [String] { self.source.level.map(self.numbered) }

    /// Whether its state goes on behind the numbers, in a ring of entries.
    var hasEntries: Bool { self.source.head.contains("slots$") }

    func numbered(_ source: String) -> String { source.replacing("$", with: "\(self.number)") }

    private func lines(_ source: String) -> String { source.isEmpty ? "" : self.numbered(source) + "\n" }
}

// MARK: Rings

extension ScriptPart {
    /// Whether its numbers can be those of a ring.
    ///
    /// What they led to would else be no error of this subject alone.
    var soundness: String {
        self.lines(
            """
            if known and not (slots$ >= 8 and slots$ % 1 == 0 and first$ >= 0 and first$ < slots$ and first$ % 1 == 0
              and older$ >= 0 and older$ <= slots$ and older$ % 1 == 0) then
              sound, slots$, first$, older$ = false, 0, 0, 0
            end
            """
        )
    }

    /// Read entries of a ring: a run of them, and all.
    static let ringFunctions = """
        local function entries(key, base, first, count)
          local from = base + first * 16
          local bytes = try('GETRANGE', key, from, from + count * 16 - 1)
          if count > 0 and type(bytes) == 'string' and #bytes == count * 16 then return bytes end
        end
        local function ring(key, base, slots, first, count)
          if count == 0 then return '' end
          if first + count <= slots then return entries(key, base, first, count) end
          local front, back = entries(key, base, first, slots - first), entries(key, base, 0, first + count - slots)
          return front and back and front .. back
        end

        """

    /// Finds out whether the ring needs another size, which becomes `size$`.
    var sizing: String {
        self.lines(
            """
            local size$ = slots$
            if size$ < 8 then
              size$ = 8
            elseif closedcount$ > 0 and older$ >= slots$ then
              size$ = slots$ + (slots$ - slots$ % 2) / 2
            elseif not stays and slots$ > 16 and older$ * 3 < slots$ then
              size$ = 8 + older$ + (older$ - older$ % 2) / 2
            end
            if size$ ~= slots$ then resized = true end
            """
        )
    }

    /// Appends the ring to `rings`, the oldest entry first, and makes the numbers say so.
    func gathering(isLast: Bool) -> String {
        self.lines(
            """
            do
              local rest = ring(key, base$, slots$, first$, older$)
              if rest then
                if closedcount$ > 0 then
                  if older$ == 0 then oldest$ = closedtime$ end
                  rest, older$ = rest .. pack('<dd', closedtime$, closedcount$), older$ + 1
                end
                slots$, first$ = size$, 0
                rings = rings .. rest\(isLast ? "" : " .. string.rep('\\0', (slots$ - older$) * 16)")
              else
                sound = false
              end
            end
            """
        )
    }

    /// Writes the entry that was closed.
    var closing: String {
        self.lines(
            """
            if closedcount$ > 0 then
              if older$ == 0 then oldest$ = closedtime$ end
              local place = (first$ + older$) % slots$
              call('SETRANGE', key, base$ + place * 16, pack('<dd', closedtime$, closedcount$))
              older$ = older$ + 1
            end
            """
        )
    }

}

private struct Source: Sendable {
    var constants: [String]
    var terms = ["cost$", "room$"]
    var head: [String]
    var shared = ""
    var ending: String
    var reading: String
    var waiting = ""
    var condition: String
    var charging: String
    var leaving = ""
    var level: [String]

    /// The state is the moment at which the bucket is full: microseconds and parts.
    static let tokenBucket = Source(
        constants: ["fill$", "fillparts$", "whole$"],
        terms: ["cost$", "costparts$", "room$", "roomparts$"],
        head: ["full$", "parts$"],
        ending: "if full$ > @ then @ = full$ end",
        reading: """
            local span$ = full$ - now
            if not (span$ >= 0) then
              span$, parts$ = 0, 0
            elseif span$ > fill$ or (span$ == fill$ and parts$ > fillparts$) then
              span$, parts$, mended = fill$, fillparts$, true
            end
            """,
        condition: "(span$ < room$ or (span$ == room$ and parts$ <= roomparts$))",
        charging: """
            span$, parts$ = span$ + cost$, parts$ + costparts$
            if parts$ >= whole$ then span$, parts$ = span$ + 1, parts$ - whole$ end
            """,
        leaving: "full$ = now + span$",
        level: ["span$", "parts$"]
    )

    /// The same where a token takes whole microseconds, as nearly all do.
    static let wholeTokenBucket = Source(
        constants: ["fill$"],
        head: ["full$"],
        ending: "if full$ > @ then @ = full$ end",
        reading: """
            local span$ = full$ - now
            if not (span$ >= 0) then
              span$ = 0
            elseif span$ > fill$ then
              span$, mended = fill$, true
            end
            """,
        condition: "span$ <= room$",
        charging: "span$ = span$ + cost$",
        leaving: "full$ = now + span$",
        level: ["span$"]
    )

    /// The state is the window's end and the count.
    static let fixedWindow = Source(
        constants: ["length$"],
        head: ["finish$", "total$"],
        shared: "local border$ = now - now % length$ + length$",
        ending: "if finish$ > @ then @ = finish$ end",
        reading: """
            if finish$ > border$ then finish$, mended = border$, true end
            if not (finish$ > now) then finish$, total$ = border$, 0 end
            local span$ = finish$ - now
            """,
        condition: "total$ <= room$",
        charging: "total$ = total$ + cost$",
        level: ["span$", "total$"]
    )

    /// The state is the size of the ring and where the oldest entry lies in it, the number of older entries, the moment of the first
    /// of them, the sum of all, the newest entry's first and last moment and its count; and the ring of the older entries with
    /// moment and count.
    ///
    /// The ring is read where an entry leaves the window, and where a call is refused that has to wait for more than one to leave;
    /// it is written where the newest entry is closed.
    static let slidingWindow = Source(
        constants: ["length$", "grain$"],
        head: ["slots$", "first$", "older$", "oldest$", "total$", "start$", "time$", "count$"],
        shared: "local past$ = now - length$",
        ending: "if time$ + length$ > @ and count$ > 0 then @ = time$ + length$ end",
        reading: """
            local span$, wait$, closedtime$, closedcount$ = 0, 0, 0, 0
            if not (time$ > past$ and count$ > 0) then
              first$, older$, total$, count$ = 0, 0, 0, 0
            else
              while older$ > 0 and not (oldest$ > past$) do
                local run = math.min(older$, slots$ - first$, 8)
                local bytes = entries(key, base$, first$, run)
                if not bytes then
                  sound, older$ = false, 0
                  break
                end
                for place = 1, run * 16, 16 do
                  local moment, count = unpack('<dd', bytes, place)
                  if moment > past$ then
                    oldest$ = moment
                    break
                  end
                  total$, first$, older$ = total$ - count, first$ + 1, older$ - 1
                end
                if first$ >= slots$ then first$ = 0 end
              end
              if time$ > now then
                while older$ > 0 do
                  local bytes = entries(key, base$, (first$ + older$ - 1) % slots$, 1)
                  if not bytes then
                    sound, older$ = false, 0
                    break
                  end
                  local moment, count = unpack('<dd', bytes)
                  if moment <= now then break end
                  count$, older$ = count$ + count, older$ - 1
                end
                start$, time$, mended = now, now, true
              end
              span$ = time$ + length$ - now
            end
            """,
        waiting: """
            wait$ = 0
            if total$ > room$ and count$ > 0 then
              wait$ = span$
              local spare, place, left = room$ - total$, first$, older$
              if left > 0 and spare >= -1 then
                wait$, left, spare = oldest$ + length$ - now, 0, 0
              end
              while left > 0 do
                local run = math.min(left, slots$ - place, 32)
                local bytes = entries(key, base$, place, run)
                if not bytes then
                  sound, older$ = false, 0
                  break
                end
                for from = 1, run * 16, 16 do
                  local moment, count = unpack('<dd', bytes, from)
                  spare = spare + count
                  if spare >= 0 then
                    wait$, left = moment + length$ - now, 0
                    break
                  end
                end
                left, place = left - run, (place + run) % slots$
              end
              if spare < 0 and spare + closedcount$ >= 0 then wait$ = closedtime$ + length$ - now end
            end
            """,
        condition: "total$ <= room$",
        charging: """
            if count$ > 0 and now - start$ < grain$ then
              count$ = count$ + cost$
            else
              if count$ > 0 then closedtime$, closedcount$ = time$, count$ end
              start$, count$ = now, cost$
            end
            time$, total$, span$ = now, total$ + cost$, length$
            """,
        level: ["span$", "total$", "wait$"]
    )
}
