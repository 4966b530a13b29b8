-- claims_upkeep.lua - marks, prune, rewind, figures, damage and its repair.
local journal = require("journal")
local check = require("check")

local ok, equal, raises = check.ok, check.equal, check.raises
local values = check.values
local claims = {}

local function claim(name, f)
    claims[#claims + 1] = { name, f }
end

local function ten(options)
    local j = journal.open(check.path(), options)
    for i = 0, 9 do
        j:append(i % 2 == 0 and "even" or "odd", tostring(i))
    end
    return j
end

claim("a mark is kept, listed in order and removed", function()
    local j = ten()
    j:mark("b", 3)
    j:mark("a", 10)
    j:mark("é", 0)
    equal(j:marked("b"), 3)
    j:mark("b", 2)
    equal(j:marked("b"), 2)
    equal(j:marked("nobody"), nil)
    local listed = {}
    for name, seq in j:marks() do
        listed[#listed + 1] = name .. "=" .. tonumber(seq)
    end
    equal(table.concat(listed, " "), "a=10 b=2 é=0")
    raises("OUT_OF_RANGE", j.mark, j, "a", 11)
    raises("EINVAL", j.mark, j, "", 0)
    raises("EINVAL", j.mark, j, ("n"):rep(256), 0)
    raises("EINVAL", j.mark, j, "\255", 0)
    check.refuses("without NUL", j.mark, j, "a\0b", 0)
    j:unmark("b")
    raises("NOT_FOUND", j.unmark, j, "b")
    equal(j:stat().marks, 2)
    j:close()
end)

claim("a prune stops at the slowest mark", function()
    local j = ten()
    j:mark("slow", 4)
    equal(j:prune(8), 4)
    equal(j:stat().first, 4)
    raises("PRUNED", j.read, j, 3)
    raises("PRUNED", j.replay, j, 3)
    raises("PRUNED", j.get_at, j, "odd", 4)
    equal(j:prune(6, { past_marks = true }), 2)
    j:unmark("slow")
    equal(j:prune(journal.NONE), 4)
    equal(j:get("even"), nil)
    equal(j:append("k", "v"), 10)
    j:close()
end)

claim("a cursor says once that entries were pruned, and goes on", function()
    local j = journal.open(check.path())
    local piece = journal.pack { key = "k", value = ("v"):rep(2 ^ 20) }
    for _ = 1, 20 do
        j:append_packed(piece)
    end
    local cursor, seen, overtaken = j:replay(), 0, 0
    equal(cursor:next().seq, 0)
    j:prune(18)
    repeat
        local fine, entry = pcall(cursor.next, cursor)
        if not fine then
            equal(entry.code, journal.codes.PRUNED)
            overtaken = overtaken + 1
        elseif entry then
            seen = entry.seq
        end
    until fine and not entry
    equal(overtaken, 1)
    equal(seen, 19)
    j:close()
end)

claim("a compaction keeps what is latest", function()
    local j = ten()
    j:delete("odd")
    equal(j:compact(journal.NONE), 10)
    equal(values(j:replay()), "8")
    equal(j:get("odd"), nil)
    equal(j:get("even").revision, 5)
    j:close()
end)

claim("a rewind takes back what came after", function()
    local j = ten()
    j:mark("m", 9)
    j:rewind(3)
    equal(j:get("odd").value, "1")
    equal(j:marked("m"), 3)
    equal(j:append("odd", "again"), 3)
    raises("EINVAL", j.rewind, j, 5)
    j:prune(2)
    raises("PRUNED", j.rewind, j, 1)
    j:close()
end)

claim("retention removes by itself", function()
    local j = ten { keep_entries = 4 }
    equal(values(j:replay()), "6 7 8 9")
    j:close()
end)

claim("the figures are right", function()
    local j = ten()
    j:delete("odd")
    local stat = j:stat()
    equal(stat.size, 11)
    equal(stat.entries, 11)
    equal(stat.keys, 1)
    equal(stat.tombstones, 1)
    equal(stat.bytes_logical, 5 * 5 + 5 * 4 + 3)
    equal(stat.durable_size, 11)
    equal(stat.first_time, j:read(0).time)
    equal(stat.last_time, j:read(10).time)
    j:close()
end)

claim("a backup is the same journal", function()
    local j = ten()
    j:mark("m", 2)
    local to, told = check.path("backup"), 0
    j:backup(to, function(done, total)
        ok(done <= total)
        told = told + 1
    end)
    ok(told > 0)
    raises("EXISTS", j.backup, j, to)
    raises("ENOENT", j.backup, j, to .. "/no/where")
    local copy = journal.open(to, { flags = journal.EXISTING })
    equal(values(copy:replay()), "0 1 2 3 4 5 6 7 8 9")
    equal(copy:marked("m"), 2)
    equal(copy:stat().id[7], j:stat().id[7])
    copy:close()
    j:close()
end)

claim("a backup serves readers that take no lock", function()
    local j, to = ten(), check.path("backup")
    j:backup(to)
    local flags = journal.READ_ONLY + journal.IMMUTABLE
    local copy = journal.open(to, { flags = flags })
    equal(copy:read(9).value, "9")
    equal(copy:wait(9, 0), true)
    raises("UNSUPPORTED", copy.wait, copy, 10)
    raises("READ_ONLY", copy.append, copy, "k", "v")
    copy:close()
    j:close()
end)

claim("progress may stop a call, and may fail", function()
    local j, to = ten(), check.path("backup")
    raises("ECANCELED", j.backup, j, to, function() return true end)
    raises("ECANCELED", j.verify, j, function() return true end)
    check.refuses("oops", j.verify, j, function() error("oops") end)
    raises("NOT_FOUND", journal.open, to, { flags = journal.EXISTING })
    -- A callback that was not given back would run into LuaJIT's limit.
    for _ = 1, 2000 do
        assert(j:verify(function() end))
    end
    local size -- It may use the journal.
    j:verify(function() size = j:stat().size end)
    equal(size, 10)
    j:close()
end)

-- Changes a byte in all that the files hold of NEEDLE.
local function damage(path, needle)
    for _, name in ipairs { "/data.mdb", "/tail" } do
        local file = assert(io.open(path .. name, "r+"))
        local bytes, at = file:read("*a"), 0
        for _ = 1, select(2, bytes:gsub(needle, "")) do
            at = bytes:find(needle, at + 1, true)
            file:seek("set", at)
            file:write("#")
        end
        file:close()
    end
end

claim("damage is told, goes around and is mended", function()
    local path = check.path()
    local j = ten()
    j:append("hit", "a value to be damaged")
    j:append("even", "last")
    local fine, report = j:verify()
    ok(fine)
    equal(report.entries_checked, 12)
    equal(report.first_bad, journal.NONE)
    j:close()
    damage(path, "a value to be damaged")

    j = journal.open(path)
    raises("CORRUPT", j.read, j, 10)
    raises("CORRUPT", j.get, j, "hit")
    equal(j:read(11).value, "last")
    local cursor = j:replay(9)
    equal(cursor:next().seq, 9)
    raises("CORRUPT", cursor.next, cursor)
    equal(cursor:next().seq, 11)
    equal(cursor:next(), nil)
    fine, report = j:verify()
    ok(not fine)
    equal(report.entries_bad, 1)
    equal(report.first_bad, 10)
    raises("CORRUPT", j.backup, j, check.path("backup"))

    local to = check.path("salvaged")
    raises("BUSY", journal.salvage, path, to)
    j:close()
    raises("ECANCELED", journal.salvage, path, to, function() return true end)
    raises("NOT_FOUND", journal.salvage, to, check.path("other"))
    report = journal.salvage(path, to)
    equal(report.salvaged, 11)
    equal(report.entries_bad, 1)
    local mended = journal.open(to)
    raises("PRUNED", mended.read, mended, 10)
    equal(mended:read(11).value, "last")
    ok(mended:verify())
    mended:close()
end)

return claims
