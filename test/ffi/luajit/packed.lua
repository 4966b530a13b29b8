-- packed.lua - entries as Lua tables, from and to libjournal's structs and its
-- packed form.
local ffi = require("ffi")

-- The packed form is little endian; this reads it as it lies in memory.
assert(ffi.abi("le"))

local TOMBSTONE, STAMPED = 1, 4
local NONE = 0xffffffffffffffffULL
local HEAD = ffi.sizeof("struct packed_entry")
local STAMP = ffi.sizeof("struct journal_stamp")

local M = { TOMBSTONE = TOMBSTONE, STAMPED = STAMPED, NONE = NONE }

local function has(flags, flag)
    return bit.band(flags, flag) ~= 0
end

local function stamp_of(stamp)
    return { time = stamp.time, id = ffi.string(stamp.id, 16) }
end

-- Numbers stay uint64_t cdata: a Lua number holds only 53 bits of them.
local function head_of(from)
    return {
        seq = from.seq,
        time = from.time,
        prev = from.prev ~= NONE and from.prev or nil,
        revision = from.revision,
        tombstone = has(from.flags, TOMBSTONE),
    }
end

-- An entry of journal.h as a table.  Strings are copies, so the table may
-- outlive what ENTRY points to.
function M.entry(entry)
    local t = head_of(entry)
    if has(entry.flags, STAMPED) then
        t.stamp = stamp_of(entry.stamp)
    end
    t.key = ffi.string(entry.key, entry.key_size)
    t.value = ffi.string(entry.value, entry.value_size)
    t.meta = ffi.string(entry.meta, entry.meta_size)
    return t
end

-- Iterates over the entries in the packed bytes of PIECE, a string.
function M.unpack(piece)
    local base, at = ffi.cast("const char *", piece), 0
    return function()
        if at >= #piece then
            return nil
        end
        local head = ffi.cast("const struct packed_entry *", base + at)
        local bytes = base + at + HEAD
        local t = head_of(head)
        if has(head.flags, STAMPED) then
            t.stamp = stamp_of(
                ffi.cast("const struct journal_stamp *", bytes)[0])
            bytes = bytes + STAMP
        end
        t.key = ffi.string(bytes, head.key_size)
        bytes = bytes + head.key_size
        t.meta = ffi.string(bytes, head.meta_size)
        bytes = bytes + head.meta_size
        t.value = ffi.string(bytes, head.value_size)
        at = at + head.total
        return t
    end
end

-- One record, {key=, value=, meta=, tombstone=, stamp=}, in the packed form.
function M.pack(record)
    local key, value = record.key or "", record.value or ""
    local meta, stamp = record.meta or "", ""
    local head = ffi.new("struct packed_entry")
    if record.tombstone then
        head.flags = TOMBSTONE
    end
    if record.stamp then
        head.flags = bit.bor(head.flags, STAMPED)
        local s = ffi.new("struct journal_stamp", record.stamp.time)
        ffi.copy(s.id, record.stamp.id, 16)
        stamp = ffi.string(s, STAMP)
    end
    local body = stamp .. key .. meta .. value
    local padding = -(HEAD + #body) % 8
    head.total = HEAD + #body + padding
    head.key_size, head.meta_size, head.value_size = #key, #meta, #value
    return ffi.string(head, HEAD) .. body .. ("\0"):rep(padding)
end

return M
