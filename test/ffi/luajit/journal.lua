-- journal.lua - libjournal for LuaJIT.
--
--     local journal = require("journal")
--     local j = journal.open("events")
--     j:append("lamp/kitchen", "on")
--     for entry in j:replay() do
--         print(entry.seq, entry.key, entry.value)
--     end
--     j:close()
--
-- Numbers are uint64_t cdata (5ULL); plain Lua numbers are taken too.  Keys,
-- values and metas are strings.  What fails raises a journal.Error, a table
-- with code, name and message.  A key or a mark that is not there is no
-- failure: the answer is nil.  A handle that nobody closes is closed when it is
-- collected.
local ffi = require("ffi")
local C = require("cdef")
local packed = require("packed")

local M = {
    NONE = packed.NONE,
    EXISTING = 1, NEW = 2, READ_ONLY = 4, EXCLUSIVE = 8, IMMUTABLE = 16,
    DURABLE = 0, RELAXED = 1,
    unpack = packed.unpack, pack = packed.pack,
}

M.codes = {
    END = -1, NOT_FOUND = -2, PRUNED = -3, OUT_OF_RANGE = -4, CONFLICT = -5,
    OUTDATED = -6, TOO_BIG = -7, FULL = -8, READ_ONLY = -9, BUSY = -10,
    CORRUPT = -11, FAILED = -12, UNSUPPORTED = -13, TIMEOUT = -14, FORKED = -15,
    EXISTS = -16,
}
local END, NOT_FOUND = M.codes.END, M.codes.NOT_FOUND
local TOO_BIG, TIMEOUT = M.codes.TOO_BIG, M.codes.TIMEOUT
local CORRUPT = M.codes.CORRUPT

-- ---- errors -----------------------------------------------------------------

local Error = {}
Error.__index = Error
M.Error = Error

function Error:__tostring()
    return self.name .. ": " .. self.message
end

function M.error(code)
    return setmetatable({
        code = code,
        name = ffi.string(C.journal_errname(code)),
        message = ffi.string(C.journal_strerror(code)),
    }, Error)
end

local function check(result)
    if result ~= 0 then
        error(M.error(result), 0)
    end
end

-- C ends a path or a name at a NUL byte; better to refuse than to cut.
local function cstring(s)
    if type(s) ~= "string" or s:find("\0", 1, true) then
        error("a string without NUL bytes expected", 3)
    end
    return s
end

-- ---- open, close ------------------------------------------------------------

local Journal, Cursor = {}, {}
Journal.__index, Cursor.__index = Journal, Cursor

-- The pointer of a journal or a cursor that is still open: C would crash.
local function live(object)
    local handle = object.handle
    if handle == nil then
        error("is closed", 3)
    end
    return handle
end

-- OPTIONS has the fields of struct journal_options, such as {flags =
-- journal.EXISTING, bytes_max = 2^20}.
function M.open(path, options)
    local c_options = ffi.new("struct journal_options")
    C.journal_options_init(c_options)
    for name, value in pairs(options or {}) do
        c_options[name] = value
    end
    local out = ffi.new("struct journal *[1]")
    check(C.journal_open(cstring(path), c_options, out))
    return setmetatable({ handle = ffi.gc(out[0], C.journal_close) }, Journal)
end

function Journal:close()
    if self.handle ~= nil then
        C.journal_close(ffi.gc(self.handle, nil))
        self.handle = nil
    end
end

-- Threads of a program that has a Lua state for each may share a journal: the
-- one that opened it hands its address, a number, to the others.  They use it
-- through journal.at(), and never close it.
function Journal:address()
    return tonumber(ffi.cast("uintptr_t", live(self)))
end

function M.at(address)
    return setmetatable({ handle = ffi.cast("struct journal *", address) },
                        Journal)
end

function M.destroy(path)
    check(C.journal_destroy(cstring(path)))
end

-- ---- append -----------------------------------------------------------------

-- Both return the entry's number.
function Journal:append(key, value)
    local seq = ffi.new("uint64_t[1]")
    check(C.journal_append(live(self), key, #key, value, #value, seq))
    return seq[0]
end

function Journal:delete(key)
    local seq = ffi.new("uint64_t[1]")
    check(C.journal_delete(live(self), key, #key, seq))
    return seq[0]
end

-- What an entry that was read has beside these does not count.
local MEMBERS = {
    key = true, value = true, meta = true, tombstone = true, expect = true,
    expect_seq = true, stamp = true, seq = true, time = true, prev = true,
    revision = true,
}

local function set_record(to, from)
    -- An expectation that is spelt wrong must not be an append without one.
    for name in pairs(from) do
        if not MEMBERS[name] then
            error("no such member: " .. tostring(name))
        end
    end
    -- The strings are those of FROM, which the caller holds until C is back.
    for _, name in ipairs { "key", "value", "meta" } do
        local bytes = from[name] or ""
        to[name] = ffi.cast("const char *", bytes)
        to[name .. "_size"] = #bytes
    end
    local flags = from.tombstone and packed.TOMBSTONE or 0
    if from.expect then
        flags, to.expect = bit.bor(flags, 2), from.expect
    end
    if from.stamp then
        flags, to.stamp.time = bit.bor(flags, packed.STAMPED), from.stamp.time
        ffi.copy(to.stamp.id, from.stamp.id, 16)
    end
    if from.expect_seq then
        flags, to.expect_seq = bit.bor(flags, 8), from.expect_seq
    end
    to.flags = flags
end

-- RECORDS is a list of {key=, value=, meta=, tombstone=true, expect=,
-- expect_seq=, stamp={time=, id=16 bytes}}, all of them optional.  Returns the
-- number of the first.
function Journal:append_batch(records)
    local batch = ffi.new("struct journal_record[?]", #records)
    for i, record in ipairs(records) do
        set_record(batch[i - 1], record)
    end
    local first = ffi.new("uint64_t[1]")
    check(C.journal_append_batch(live(self), batch, #records, first))
    return first[0]
end

-- Returns how many entries there are in PIECE, and the number of the first.
function Journal:append_packed(piece)
    local count, first = ffi.new("size_t[1]"), ffi.new("uint64_t[1]")
    check(C.journal_append_packed(live(self), piece, #piece, count, first))
    return tonumber(count[0]), first[0]
end

function Journal:sync()
    check(C.journal_sync(live(self)))
end

-- ---- read -------------------------------------------------------------------

local function taken(result, out)
    if result == NOT_FOUND then
        return nil
    end
    check(result)
    local entry = packed.entry(out[0])
    C.journal_entry_free(out[0])
    return entry
end

function Journal:get(key)
    local out = ffi.new("struct journal_entry *[1]")
    return taken(C.journal_get(live(self), key, #key, out), out)
end

function Journal:get_at(key, limit)
    local out = ffi.new("struct journal_entry *[1]")
    return taken(C.journal_get_at(live(self), key, #key, limit, out), out)
end

function Journal:read(seq)
    local out = ffi.new("struct journal_entry *[1]")
    return taken(C.journal_read(live(self), seq, out), out)
end

function Journal:find_time(time)
    local seq = ffi.new("uint64_t[1]")
    check(C.journal_find_time(live(self), time, seq))
    return seq[0]
end

-- ---- replay, query, follow --------------------------------------------------

local function cursor_of(result, out, follows)
    check(result)
    return setmetatable({ handle = ffi.gc(out[0], C.journal_cursor_close),
                          follows = follows }, Cursor)
end

function Journal:replay(first)
    local out = ffi.new("struct journal_cursor *[1]")
    return cursor_of(C.journal_replay(live(self), first or M.NONE, out), out)
end

local MATCHES = { key = 1, prefix = 2, expr = 3 }
local FLAGS = { reverse = 1, latest = 2, live = 4, follow = 8 }

-- OPTIONS chooses by one of key, prefix and expr; the switches reverse, latest,
-- live and follow; and first, limit, since, until and first_revision.  `until`
-- is a word of Lua's, so it is written ["until"].
function Journal:query(options)
    local q = ffi.new("struct journal_query")
    C.journal_query_init(q)
    for name, value in pairs(options) do
        if MATCHES[name] then
            q.match, q.key, q.key_size =
                MATCHES[name], ffi.cast("const char *", value), #value
        elseif FLAGS[name] then
            q.flags = bit.bor(q.flags, value and FLAGS[name] or 0)
        else
            q[name] = value
        end
    end
    local out = ffi.new("struct journal_cursor *[1]")
    return cursor_of(C.journal_query(live(self), q, out), out, options.follow)
end

-- A cursor keeps its journal open for others, who get JOURNAL_BUSY, until it is
-- closed.  So one that has nothing more to give is closed at once, and not when
-- it happens to be collected.
local function at_end(cursor)
    if not cursor.follows then
        cursor:close()
        cursor.ended = true
    end
    return nil
end

-- The next entry; nil at the end, and after that for as long as there is none.
function Cursor:next()
    if self.ended then
        return nil
    end
    local out = ffi.new("const struct journal_entry *[1]")
    local result = C.journal_next(live(self), out)
    if result == END then
        return at_end(self)
    end
    check(result)
    return packed.entry(out[0])
end

-- A cursor is its own iterator: for entry in j:replay() do ... end
Cursor.__call = Cursor.next

-- The packed entries that fit into SIZE bytes, as a string, and how many; one
-- call into C for all of them.  Nil at the end.
function Cursor:fill(size)
    if self.ended then
        return nil
    end
    size = size or 262144
    local used, count = ffi.new("size_t[1]"), ffi.new("size_t[1]")
    local buffer = ffi.new("uint8_t[?]", size)
    local result = C.journal_fill(live(self), buffer, size, used, count)
    if result == TOO_BIG then
        return self:fill(tonumber(used[0]))
    elseif result == END then
        return at_end(self)
    end
    check(result)
    return ffi.string(buffer, used[0]), tonumber(count[0])
end

function Cursor:close()
    if self.handle ~= nil then
        C.journal_cursor_close(ffi.gc(self.handle, nil))
        self.handle = nil
    end
end

-- True once the entry SEQ is there, false after SECONDS; without them there is
-- no limit.
function Journal:wait(seq, seconds)
    local handle, ns = live(self), seconds and seconds * 1e9 or -1
    local result = C.journal_wait(handle, seq, ns)
    if result == TIMEOUT then
        return false
    end
    check(result)
    return true
end

-- ---- maintain ---------------------------------------------------------------

local function pruned(self, before, flags)
    local removed = ffi.new("uint64_t[1]")
    check(C.journal_prune(live(self), before, flags, removed))
    return removed[0]
end

-- Both return how many entries went.  OPTIONS: {past_marks = true}.
function Journal:prune(before, options)
    return pruned(self, before, options and options.past_marks and 2 or 0)
end

function Journal:compact(before, options)
    return pruned(self, before, options and options.past_marks and 3 or 1)
end

function Journal:rewind(size)
    check(C.journal_rewind(live(self), size))
end

function Journal:mark(name, seq)
    check(C.journal_mark(live(self), cstring(name), seq))
end

function Journal:marked(name)
    local seq = ffi.new("uint64_t[1]")
    local result = C.journal_marked(live(self), cstring(name), seq)
    if result == NOT_FOUND then
        return nil
    end
    check(result)
    return seq[0]
end

function Journal:unmark(name)
    check(C.journal_unmark(live(self), cstring(name)))
end

-- for name, seq in j:marks() do ... end
function Journal:marks()
    local name, seq = ffi.new("char[256]"), ffi.new("uint64_t[1]")
    return function()
        local result = C.journal_next_mark(live(self), name, seq)
        if result == END then
            return nil
        end
        check(result)
        return ffi.string(name), seq[0]
    end
end

-- The figures, a struct journal_stat.
function Journal:stat()
    local stat = ffi.new("struct journal_stat")
    stat.struct_size = ffi.sizeof(stat)
    check(C.journal_stat(live(self), stat))
    return stat
end

-- ---- damage -----------------------------------------------------------------

-- Calls CALL with a C function for PROGRESS, function(done, total), which may
-- return true to stop.  An error may not cross C's frames: it is caught, stops
-- the call and is raised again behind it.
local function with_progress(progress, call)
    if not progress then
        return call(nil)
    end
    local raised
    local callback = ffi.cast("journal_progress", function(_, done, total)
        local ok, stop = pcall(progress, done, total)
        raised = not ok and { stop } or raised
        return (stop or not ok) and 1 or 0
    end)
    local result = call(callback)
    callback:free() -- There is room for a few hundred in all.
    if raised then
        error(raised[1], 0)
    end
    return result
end
-- Compiled code cannot be called back, so what may be stays interpreted.
jit.off(with_progress)

local function new_report()
    local report = ffi.new("struct journal_report")
    report.struct_size = ffi.sizeof(report)
    return report
end

-- Returns whether all is well, and the report.
function Journal:verify(progress)
    local handle, report = live(self), new_report()
    local function call(callback)
        return C.journal_verify(handle, report, callback, nil)
    end
    jit.off(call)
    local result = with_progress(progress, call)
    if result ~= CORRUPT then
        check(result)
    end
    return result == 0, report
end

function Journal:backup(path, progress)
    local handle = live(self)
    local function call(callback)
        return C.journal_backup(handle, cstring(path), 0, callback, nil)
    end
    jit.off(call)
    check(with_progress(progress, call))
end

function M.salvage(from, to, progress)
    local report = new_report()
    local function call(callback)
        return C.journal_salvage(cstring(from), cstring(to), report, callback,
                                 nil)
    end
    jit.off(call)
    check(with_progress(progress, call))
    return report
end

-- ---- key expressions, versions ----------------------------------------------

M.expr = {}

function M.expr.canonical(expr)
    return C.journal_expr_check(expr, #expr) == 0
end

function M.expr.canonize(expr)
    local buffer, size = ffi.new("char[?]", #expr), ffi.new("size_t[1]", #expr)
    ffi.copy(buffer, expr, #expr)
    check(C.journal_expr_canonize(buffer, size))
    return ffi.string(buffer, size[0])
end

for _, name in ipairs { "matches", "intersects", "includes" } do
    local call = C["journal_expr_" .. name]
    M.expr[name] = function(a, b)
        return call(a, #a, b, #b) == 1
    end
end

function M.version()
    return ffi.string(C.journal_version_string()), C.journal_version()
end

return M
