import LarderRedisClient

/// A script on entries and their leases, for both ways in which those and the generations can lie.
///
/// Its body is written once. Before it stands one of two preludes:
///
/// - Together: everything is on one server. `KEYS` begins with the namespace's stamp and serial, and the script looks up
///   generations itself. `ARGV[1]` is sixteen random bytes, of which it makes what is missing.
/// - Apart: generations may lie on another server. The script only touches its `KEYS`, which are one entry and its lease,
///   and `ARGV[1]` is a view of the generations as they were a moment ago (``GenerationView``). Where it cannot
///   judge by that, it answers what is unclear and changes nothing.
struct EntryScript: Sendable {
    /// For one server.
    let together: RedisScript
    /// For one entry, by a view.
    let apart: RedisScript
    /// Whether it needs a view at all.
    let needsView: Bool

    /// What a script judges by generations.
    struct Judgement: OptionSet {
        let rawValue: Int
        static let entries = Self(rawValue: 1)
        static let leases = Self(rawValue: 2)
    }

    /// Makes both scripts from a body.
    ///
    /// - Parameters:
    ///   - judging: What the body judges by generations.
    ///   - together: What only the first script has before the body.
    ///   - apart: What only the second has before the body.
    ///   - body: The body, which walks `entries(…)`.
    init(judging: Judgement, together: String = "", apart: String = "", _ body: String) {
        self.needsView = !judging.isEmpty
        self.together = RedisScript(Self.common + Self.lookup + Self.judging + together + "\n" + body)
        var check = ""
        if self.needsView {
            check = """
                local problems = unclear(\(judging.contains(.entries)), \(judging.contains(.leases)))
                if problems then return problems end

                """
        }
        self.apart = RedisScript(Self.common + Self.view + Self.judging + apart + "\n" + check + body)
    }

    /// A script on what belongs to the namespace as a whole, which is the same in both manners.
    ///
    /// - Parameter body: The body.
    /// - Returns: The script.
    static func home(_ body: String) -> RedisScript {
        RedisScript(Self.common + Self.lookup + body)
    }

    // MARK: Preludes

    /// What reads bytes.
    ///
    /// - `header_of` reads the beginning of an entry only, however large the value is, and nothing of what is not ours: of
    ///   another type than a string, or with a header that this version does not read.
    private static let common = """
        local function text(key)
          local value = redis.pcall('GET', key)
          return type(value) == 'string' and value
        end
        local function names_in(packed)
          local names, at = {}, 1
          while at <= #packed do
            local size = string.byte(packed, at)
            names[#names + 1] = string.sub(packed, at + 1, at + size)
            at = at + 1 + size
          end
          return names
        end
        local function marks_in(bytes, at)
          local marks = {}
          while at <= #bytes do
            local size = string.byte(bytes, at + 16)
            if not size or size == 0 or at + 16 + size > #bytes then return nil end
            marks[#marks + 1] = {
              name = string.sub(bytes, at + 17, at + 16 + size),
              generation = string.sub(bytes, at, at + 7), freshness = string.sub(bytes, at + 8, at + 15) }
            at = at + 17 + size
          end
          return marks
        end
        local function header_of(key)
          local header = redis.pcall('GETRANGE', key, 0, 255)
          if type(header) ~= 'string' or #header < 40 or string.sub(header, 1, 2) ~= 'L\\1'
            or string.byte(header, 5) > 1 then return nil end
          local length = struct.unpack('<I2', header, 7)
          if length > 256 then header = redis.call('GETRANGE', key, 0, length - 1) end
          if length < 40 or #header < length then return nil end
          header = string.sub(header, 1, length)
          local marks = marks_in(header, 41)
          if not marks then return nil end
          return header, marks
        end

        """

    /// Generations as they are on this server.
    ///
    /// - The stamp here is 24 bytes, stamp and serial. One without the other is none: both are drawn anew.
    /// - `tag` is a tag's record: generation, freshness, and the namespace's serial when it was last invalidated or made.
    ///   One that is lost leaves its entries dead.
    /// - `keep` sees to it that a record outlives what is bound to it. It never shortens a time (`PEXPIRE … GT` would say
    ///   that, from Redis 7 on), and where it moves an end, it moves it twice as far as it has to: those who listen for
    ///   changes of the record hear of each move.
    private static let lookup = """
        local first = 3
        local tag_prefix = string.sub(KEYS[1], 1, -6) .. 'tag:'
        local records = {}
        local function found_stamp()
          local stamp, serial = text(KEYS[1]), text(KEYS[2])
          return stamp and #stamp == 16 and serial and #serial == 8 and stamp .. serial
        end
        local function current_stamp()
          local stamp = found_stamp()
          if not stamp then
            local serial = struct.pack('<I8', 0)
            redis.call('SET', KEYS[1], ARGV[1])
            redis.call('SET', KEYS[2], serial)
            stamp = ARGV[1] .. serial
          end
          return stamp
        end
        local function tag(name)
          local record = records[name]
          if record == nil then
            record = text(tag_prefix .. name)
            record = record and #record == 24 and record
            records[name] = record
          end
          return record
        end
        local function span(milliseconds)
          return math.max(milliseconds, 540000) + 60000
        end
        local function keep(name, milliseconds)
          local needed = span(milliseconds)
          if redis.call('PTTL', tag_prefix .. name) < needed then
            redis.call('PEXPIRE', tag_prefix .. name, string.format('%.0f', 2 * needed))
          end
        end
        local function write_tag(name, record, milliseconds)
          redis.call('SET', tag_prefix .. name, record, 'PX', string.format('%.0f', 2 * span(milliseconds)))
          records[name] = record
        end
        local function take(name, stamp, milliseconds)
          if tag(name) then
            keep(name, milliseconds)
          else
            write_tag(name, ARGV[1] .. string.sub(stamp, 17), milliseconds)
          end
          return string.sub(tag(name), 1, 16) .. string.char(#name) .. name
        end
        local function take_all(packed, stamp, milliseconds)
          if packed == '' then return '' end
          local marks = {}
          for _, name in ipairs(names_in(packed)) do marks[#marks + 1] = take(name, stamp, milliseconds) end
          return table.concat(marks)
        end
        local function show() end

        """

    /// Generations as a view shows them; see ``GenerationView`` for its bytes.
    ///
    /// - `keep` has nothing to do: who made the view has kept the records for as long as the call needs them.
    /// - `unclear` tells what has to be looked at before the script can judge: a tag that the view does not have, and a
    ///   generation other than the view's, unless it is known to be an old one. It could also be newer than the view, and
    ///   what looks dead then is alive. Whoever looks again, now that it has been seen, knows.
    /// - `show` notes in a lease which serial somebody was shown with it, for the commit.
    private static let view = """
        local first = 1
        local stamp_and_serial, known, superseded = false, {}, {}
        do
          local view, at = ARGV[1], 26
          if string.byte(view, 1) == 1 then stamp_and_serial = string.sub(view, 2, 25) end
          while at <= #view do
            local size = string.byte(view, at)
            at = at + 1
            if size == 0 then break end
            local name = string.sub(view, at, at + size - 1)
            at = at + size
            if string.byte(view, at) == 1 then
              known[name] = string.sub(view, at + 1, at + 16)
              at = at + 17
            else
              known[name] = false
              at = at + 1
            end
          end
          while at <= #view do
            local size = string.byte(view, at + 8)
            superseded[string.sub(view, at, at + 8 + size)] = true
            at = at + 9 + size
          end
        end
        local function found_stamp() return stamp_and_serial end
        local current_stamp = found_stamp
        local function tag(name) return known[name] end
        local function keep() end
        local function take_all(packed)
          local marks = {}
          for i, name in ipairs(names_in(packed)) do marks[i] = known[name] .. string.char(#name) .. name end
          return table.concat(marks)
        end
        local function show(key, lease, stamp)
          if struct.unpack('<I8', lease, 41) < struct.unpack('<I8', stamp, 17) then
            redis.call('SETRANGE', key, 40, string.sub(stamp, 17))
          end
        end
        local function unclear(judges_entries, judges_leases)
          local found, seen = {}, {}
          local function ask(generation, name)
            local pair = generation .. string.char(#name) .. name
            if not superseded[pair] and not seen[pair] then
              seen[pair] = true
              found[#found + 1] = pair
            end
          end
          for i = first, #KEYS, 2 do
            local header, marks = nil, nil
            if judges_entries then header, marks = header_of(KEYS[i]) end
            local generation = header and string.sub(header, 33, 40)
            if header and not (stamp_and_serial and generation == string.sub(stamp_and_serial, 1, 8)) then
              ask(generation, '')
            elseif header then
              for _, mark in ipairs(marks) do
                local record = known[mark.name]
                if not record or string.sub(record, 1, 8) ~= mark.generation then ask(mark.generation, mark.name) end
              end
            end
            local lease = judges_leases and text(KEYS[i + 1])
            if lease then
              for _, mark in ipairs(marks_in(lease, 49) or {}) do
                if known[mark.name] == nil then ask(mark.generation, mark.name) end
              end
            end
          end
          return #found > 0 and { redis.status_reply('UNCLEAR'), table.concat(found) }
        end

        """

    /// What judges by generations, wherever they come from.
    ///
    /// - `entries` walks the entries: key, key of the lease, and where the arguments begin of which each has `size`, behind
    ///   `shared` for all.
    /// - `state` tells whether an entry is fresh, as every verb has to see it, and hands out its header, its marks and the
    ///   tag that has made it dead or stale; an entry that is ours but of an old generation, of the namespace or of a tag,
    ///   is `dead`. What is not ours is `absent`.
    /// - `stands` tells whether a lease is one: under the stamp and the generations of its tags as they are.
    /// - `end_lease` tells those who listen on the channel of that name.
    private static let judging = """
        local function entries(shared, size)
          local n = -1
          return function()
            n = n + 1
            local at = first + 2 * n
            if at < #KEYS then return KEYS[at], KEYS[at + 1], 2 + shared + size * n end
          end
        end
        local function is_current(mark)
          local record = tag(mark.name)
          return record and string.sub(record, 1, 8) == mark.generation
        end
        local function state(key, stamp)
          local header, marks = header_of(key)
          if not header then return 'absent' end
          if not stamp or string.sub(header, 33, 40) ~= string.sub(stamp, 1, 8) then
            return 'dead', header, marks
          end
          local expired
          for _, mark in ipairs(marks) do
            if not is_current(mark) then return 'dead', header, marks, mark.name end
            if string.sub(tag(mark.name), 9, 16) ~= mark.freshness then expired = expired or mark.name end
          end
          local fresh, grace = struct.unpack('<I8I8', header, 17)
          if expired or (fresh > 0 and grace > 0 and redis.call('PTTL', key) <= grace) then
            return 'stale', header, marks, expired
          end
          return 'fresh', header, marks
        end
        local function store(key, head, value, milliseconds, stamp, marks)
          redis.call('SET', key, string.sub(head, 1, 6) .. struct.pack('<I2', 40 + #marks) .. string.sub(head, 9)
            .. string.sub(stamp, 1, 8) .. marks .. value, 'PX', milliseconds)
        end
        local function stands(lease, stamp)
          if not lease or not stamp or #lease < 48
            or string.sub(lease, 17, 32) ~= string.sub(stamp, 1, 16) then return false end
          local marks = marks_in(lease, 49)
          if not marks then return false end
          for _, mark in ipairs(marks) do
            if not is_current(mark) then return false end
          end
          return true
        end
        local function end_lease(key)
          if redis.call('DEL', key) == 1 then redis.pcall('PUBLISH', key, '1') end
        end

        """
}
