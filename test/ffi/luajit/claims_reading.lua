-- claims_reading.lua - get, replay, query, fill and follow.
local journal = require("journal")
local check = require("check")

local ok, equal, raises = check.ok, check.equal, check.raises
local values = check.values
local claims = {}

local function claim(name, f)
    claims[#claims + 1] = { name, f }
end

-- Entries 0 to 6; the value of each is its number.
local function lamps(name)
    local j = journal.open(check.path(name))
    j:append("lamp/kitchen", "0")
    j:append("lamp/hall", "1")
    j:append("", "2")
    j:append("lamp/kitchen", "3")
    j:append("door", "4")
    j:delete("lamp/hall")
    j:append("lamp/kitchen", "6")
    return j
end

claim("a key has a present and a past", function()
    local j = lamps()
    equal(j:get("lamp/kitchen").value, "6")
    equal(j:get("lamp/kitchen").revision, 3)
    equal(j:get("lamp/kitchen").prev, 3)
    equal(j:get("lamp/hall"), nil)
    equal(j:get("nobody"), nil)
    equal(j:get_at("lamp/kitchen", 3).value, "0")
    equal(j:get_at("lamp/kitchen", 0), nil)
    equal(j:get_at("lamp/hall", 5).value, "1")
    equal(j:get_at("lamp/hall", 6), nil)
    raises("OUT_OF_RANGE", j.get_at, j, "door", 8)
    raises("EINVAL", j.get, j, "")
    raises("EINVAL", j.delete, j, "")
    j:close()
end)

claim("an entry is read by its number", function()
    local j = lamps()
    for seq = 0, 6 do
        equal(j:read(seq).seq, seq)
    end
    ok(j:read(5).tombstone)
    raises("OUT_OF_RANGE", j.read, j, 7)
    raises("OUT_OF_RANGE", j.read, j, journal.NONE)
    raises("OUT_OF_RANGE", j.read, j, -1)
    j:close()
end)

claim("a replay is a loop", function()
    local j = lamps()
    equal(values(j:replay()), "0 1 2 3 4 - 6")
    equal(values(j:replay(5)), "- 6")
    equal(values(j:replay(7)), "")
    raises("OUT_OF_RANGE", j.replay, j, 8)
    local cursor = j:replay(6)
    ok(cursor:next())
    for _ = 1, 3 do
        equal(cursor:next(), nil)
    end
    j:close()
end)

claim("a query chooses", function()
    local j = lamps()
    for _, case in ipairs {
        { {}, "0 1 2 3 4 - 6" },
        { { prefix = "lamp/" }, "0 1 3 - 6" },
        { { prefix = "" }, "0 1 3 4 - 6" },
        { { expr = "*/kitchen" }, "0 3 6" },
        { { expr = "**", live = true }, "0 1 3 4 6" },
        { { key = "lamp/hall" }, "1 -" },
        { { key = "lamp/kitchen", reverse = true }, "6 3 0" },
        { { key = "lamp/kitchen", first_revision = 2 }, "3 6" },
        { { key = "nobody" }, "" },
        { { latest = true }, "4 - 6" },
        { { latest = true, live = true }, "4 6" },
        { { latest = true, limit = 4 }, "1 3" },
        { { first = 1, limit = 4 }, "1 2 3" },
        { { reverse = true, limit = 3 }, "2 1 0" },
    } do
        equal(values(j:query(case[1])), case[2])
    end
    j:close()
end)

claim("a query that makes no sense is refused", function()
    local j = lamps()
    raises("EINVAL", j.query, j, { key = "" })
    raises("EINVAL", j.query, j, { expr = "a//b" })
    raises("EINVAL", j.query, j, { expr = "**/**" })
    raises("EINVAL", j.query, j, { follow = true, reverse = true })
    raises("EINVAL", j.query, j, { follow = true, latest = true })
    raises("EINVAL", j.query, j, { prefix = "a", first_revision = 2 })
    raises("EINVAL", j.query, j, { flags = 64 })
    raises("EINVAL", j.query, j, { match = 4 })
    raises("OUT_OF_RANGE", j.query, j, { first = 8 })
    raises("OUT_OF_RANGE", j.query, j, { limit = 8 })
    raises("TOO_BIG", j.query, j, { key = ("k"):rep(65536) })
    j:close()
end)

claim("times find entries", function()
    local j = lamps()
    check.sleep(0.002)
    j:append("late", "7")
    local time = j:read(7).time
    ok(time > j:read(6).time)
    equal(j:find_time(time), 7)
    equal(j:find_time(time + 1), 8)
    equal(j:find_time(0), 0)
    equal(values(j:query { since = time }), "7")
    equal(values(j:query { ["until"] = time, first = 5 }), "- 6")
    j:close()
end)

local function same(a, b)
    for _, name in ipairs { "seq", "time", "prev", "revision", "tombstone",
                            "key", "value", "meta" } do
        if a[name] ~= b[name] then
            return false
        end
    end
    return (a.stamp and a.stamp.time) == (b.stamp and b.stamp.time)
        and (a.stamp and a.stamp.id) == (b.stamp and b.stamp.id)
end

claim("packed entries are those that a loop gives", function()
    local j = lamps()
    j:append_batch { { key = "s", value = ("v"):rep(3000), meta = "m",
                       stamp = { time = 1, id = ("\1"):rep(16) } } }
    for _, size in ipairs { 0, 64, 200, 4000, 262144 } do
        local packed, loop, n = j:replay(), j:replay(), 0
        for piece, count in function() return packed:fill(size) end do
            for entry in journal.unpack(piece) do
                ok(same(entry, loop:next()))
                n, count = n + 1, count - 1
            end
            equal(count, 0)
        end
        equal(n, 8)
        equal(loop:next(), nil)
        equal(packed:fill(size), nil)
    end
    j:close()
end)

claim("fill and next may take turns", function()
    local j = lamps()
    local cursor = j:replay()
    equal(cursor:next().seq, 0)
    local piece, count = cursor:fill(150)
    equal(count, 2)
    equal(journal.unpack(piece)().seq, 1)
    equal(cursor:next().seq, 3)
    cursor:close()
    j:close()
end)

claim("a packed piece is appended as it is", function()
    local j = lamps()
    local count, first = j:append_packed((j:replay():fill()))
    equal(count, 7)
    equal(first, 7)
    equal(values(j:replay(7)), "0 1 2 3 4 - 6")
    j:close()
end)

claim("a follower sees what another process appends, each once", function()
    local path = check.path()
    local j = journal.open(path)
    local writer = check.child(function()
        j:close()
        local mine = journal.open(path)
        for i = 0, 199 do
            mine:append(i % 2 == 0 and "even" or "odd", tostring(i))
        end
        mine:close()
    end)
    local all = j:query { follow = true }
    local even = j:query { follow = true, key = "even" }
    local next_seq, evens = 0, 0
    while next_seq < 200 do
        assert(j:wait(next_seq, 30), "nothing came")
        for entry in all do
            equal(entry.seq, next_seq)
            equal(entry.value, tostring(next_seq))
            next_seq = next_seq + 1
        end
        for entry in even do
            equal(entry.seq, 2 * evens)
            evens = evens + 1
        end
    end
    for _ in even do
        evens = evens + 1
    end
    equal(evens, 100)
    equal(check.exit_of(writer), 0)
    j:close()
end)

claim("a wait ends with its time or with the entry", function()
    local j = journal.open(check.path())
    equal(j:wait(0, 0), false)
    local begun = os.time()
    equal(j:wait(0, 0.05), false)
    ok(os.time() - begun < 30)
    j:append("k", "v")
    equal(j:wait(0, 0), true)
    equal(j:wait(0), true)
    j:close()
end)

return claims
