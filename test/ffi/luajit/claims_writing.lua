-- claims_writing.lua - open and append in all their forms.
local journal = require("journal")
local check = require("check")

local ok, equal, raises = check.ok, check.equal, check.raises
local claims = {}

local function claim(name, f)
    claims[#claims + 1] = { name, f }
end

claim("a journal is made, opened again and not made twice", function()
    local path = check.path()
    raises("NOT_FOUND", journal.open, path, { flags = journal.EXISTING })
    local j = journal.open(path, { flags = journal.NEW })
    equal(j:append("k", "v"), 0)
    j:close()
    raises("EXISTS", journal.open, path, { flags = journal.NEW })
    j = journal.open(path, { flags = journal.EXISTING })
    equal(j:get("k").value, "v")
    j:close()
end)

claim("a read-only journal refuses what would change it", function()
    local path = check.path()
    local flags = { flags = journal.READ_ONLY }
    raises("NOT_FOUND", journal.open, path, flags)
    local j = journal.open(path)
    j:append("k", "v")
    local reader = journal.open(path, flags)
    equal(reader:get("k").value, "v")
    for _, change in ipairs {
        function() reader:append("k", "w") end,
        function() reader:append_batch { { key = "k" } } end,
        function() reader:append_packed(journal.pack { key = "k" }) end,
        function() reader:delete("k") end,
        function() reader:prune(1) end,
        function() reader:rewind(0) end,
        function() reader:mark("m", 0) end,
        function() reader:unmark("m") end,
        function() reader:sync() end,
    } do
        raises("READ_ONLY", change)
    end
    reader:close()
    equal(j:stat().size, 1)
    j:close()
end)

claim("a hostile path is an error with a name", function()
    local path = check.path()
    raises("ENOENT", journal.open, path .. "/a/b")
    raises("EINVAL", journal.open, "")
    raises("ENAMETOOLONG", journal.open, ("x"):rep(5000))
    check.refuses("without NUL", journal.open, path .. "\0hidden")
    check.refuses("without NUL", journal.open, nil)
    local file = assert(io.open(path, "w"))
    file:write("no journal")
    file:close()
    raises("UNSUPPORTED", journal.open, path)
    raises("UNSUPPORTED", journal.open, path .. "/j")
    local odd = check.path("\n\255 %s ; é")
    journal.open(odd):close()
    journal.destroy(odd)
    raises("NOT_FOUND", journal.destroy, odd)
end)

claim("what is no journal is not taken for one", function()
    local path = check.path()
    journal.open(path):close()
    local file = assert(io.open(path .. "/data.mdb", "w"))
    file:write(("not a database "):rep(1000))
    file:close()
    local opened, raised = pcall(journal.open, path)
    ok(not opened and (raised.code == journal.codes.UNSUPPORTED or
                       raised.code == journal.codes.CORRUPT), raised)
end)

claim("options reach the library", function()
    local path = check.path()
    raises("EINVAL", journal.open, path,
           { flags = journal.NEW + journal.EXISTING })
    raises("EINVAL", journal.open, path, { flags = 1024 })
    raises("EINVAL", journal.open, path, { struct_size = 4 })
    raises("EINVAL", journal.open, path, { first_seq = journal.NONE })
    check.refuses("no member", journal.open, path, { no_such_option = 1 })
    local big = 2 ^ 53 + 2 -- Above this, a Lua number cannot count by one.
    local j = journal.open(path, { first_seq = big, bytes_max = 2 ^ 30,
                                   tail_bytes = 2 ^ 17 })
    equal(j:append("k", ""), 9007199254740994ULL)
    equal(j:append("k", ""), 9007199254740995ULL)
    equal(j:stat().bytes_max, 2 ^ 30)
    equal(j:stat().tail_bytes, 2 ^ 17)
    j:close()
end)

claim("the last number there is can be used", function()
    local j = journal.open(check.path(), { first_seq = journal.NONE - 1 })
    equal(j:append("k", ""), 18446744073709551614ULL)
    raises("FULL", j.append, j, "k", "")
    equal(j:read(journal.NONE - 1).seq, journal.NONE - 1)
    j:close()
end)

claim("bytes come back as they went in", function()
    local j = journal.open(check.path())
    local all = {}
    for i = 0, 255 do
        all[i + 1] = string.char(i)
    end
    local bytes = table.concat(all)
    for i, pair in ipairs {
        { "key", "value" }, { "", "no key" }, { "empty", "" }, { "", "" },
        { "\0", "\0\0" }, { bytes, bytes }, { "long", bytes:rep(8192) },
    } do
        local seq = j:append(pair[1], pair[2])
        equal(seq, i - 1)
        local entry = j:read(seq)
        equal(entry.key, pair[1])
        equal(entry.value, pair[2])
        equal(entry.meta, "")
        equal(entry.revision, pair[1] == "" and 0 or 1)
        equal(entry.prev, nil)
    end
    j:close()
end)

claim("what a record cannot have is refused", function()
    local j = journal.open(check.path())
    j:append("k", "v")
    check.refuses("no such member: expct", j.append_batch, j,
                  { { key = "k", expct = 0 } })
    check.refuses("no such member: 1", j.append_batch, j, { { "k", "v" } })
    equal(j:append_batch { j:get("k") }, 1)
    equal(j:get("k").prev, 0)
    j:close()
end)

claim("a batch is appended as a whole or not at all", function()
    local j = journal.open(check.path())
    j:append("a", "0")
    local id = "0123456789abcde\0"
    equal(j:append_batch {
        { key = "a", value = "1", meta = "m\0", expect = 0 },
        { value = "no key" },
        { key = "b", stamp = { time = 7, id = id }, expect = journal.NONE },
        { key = "a", tombstone = true, expect_seq = 4 },
    }, 1)
    local entry = j:read(1)
    equal(entry.meta, "m\0")
    equal(entry.prev, 0)
    equal(entry.revision, 2)
    equal(j:read(3).stamp.time, 7)
    equal(j:read(3).stamp.id, id)
    ok(j:read(4).tombstone)
    raises("EINVAL", j.append_batch, j, {})
    raises("CONFLICT", j.append_batch, j, { { key = "c" },
                                            { key = "b", expect = 0 } })
    raises("CONFLICT", j.append_batch, j, { { key = "b",
                                              expect = journal.NONE } })
    raises("CONFLICT", j.append_batch, j, { { expect_seq = 9 } })
    raises("EINVAL", j.append_batch, j, { { expect = 0 } })
    raises("EINVAL", j.append_batch, j, { { tombstone = true } })
    raises("EINVAL", j.append_batch, j, { { key = "c", value = "v",
                                            tombstone = true } })
    equal(j:stat().size, 5)
    j:close()
end)

claim("an older stamp is outdated and an equal one is not", function()
    local j = journal.open(check.path())
    local function put(time, last)
        return j:append_batch { { key = "k", stamp = {
            time = time, id = ("\0"):rep(15) .. last } } }
    end
    equal(put(5, "\5"), 0)
    raises("OUTDATED", put, 4, "\255")
    raises("OUTDATED", put, 5, "\4")
    equal(put(5, "\5"), 1)
    equal(put(0xffffffffffffffffULL, "\0"), 2)
    equal(j:read(2).stamp.time, 0xffffffffffffffffULL)
    j:close()
end)

claim("what is packed in Lua comes back", function()
    local j = journal.open(check.path())
    local records = {
        { key = "k", value = "v" }, { value = "no key" }, {},
        { key = "\255\0", value = "\0", meta = "m", stamp = {
            time = 9007199254740993ULL, id = ("i"):rep(16) } },
        { key = "k", tombstone = true },
    }
    local pieces = {}
    for i, record in ipairs(records) do
        pieces[i] = journal.pack(record)
    end
    local count, first = j:append_packed(table.concat(pieces))
    equal(count, 5)
    equal(first, 0)
    for i, record in ipairs(records) do
        local entry = j:read(i - 1)
        equal(entry.key, record.key or "")
        equal(entry.value, record.value or "")
        equal(entry.meta, record.meta or "")
        equal(entry.tombstone, record.tombstone or false)
        equal(entry.stamp and entry.stamp.time,
              record.stamp and record.stamp.time)
    end
    for size = 0, #pieces[4] - 1 do
        raises("EINVAL", j.append_packed, j, pieces[4]:sub(1, size))
    end
    equal(j:stat().size, 5)
    j:close()
end)

claim("what is too big is refused", function()
    local j = journal.open(check.path())
    local most = ("k"):rep(65535)
    equal(j:append(most, "v"), 0)
    equal(j:get(most).key, most)
    raises("TOO_BIG", j.append, j, most .. "k", "v")
    raises("TOO_BIG", j.append_batch, j, { { meta = most .. "m" } })
    raises("TOO_BIG", j.get, j, most .. "k")
    equal(j:stat().size, 1)
    j:close()
end)

claim("a full journal takes entries again once it is pruned", function()
    local j = journal.open(check.path(), { bytes_max = 2 ^ 20 })
    local value, appended, raised = ("v"):rep(10000), 0, nil
    while not raised and appended < 1000 do
        local fine, e = pcall(j.append, j, "k", value)
        appended, raised = appended + (fine and 1 or 0), not fine and e or nil
    end
    equal(raised.code, journal.codes.FULL)
    equal(j:stat().size, appended)
    equal(j:prune(appended), appended)
    equal(j:append("k", value), appended)
    j:close()
end)

claim("what is not durable yet is so after a sync", function()
    local j = journal.open(check.path(), { durability = journal.RELAXED })
    for _ = 1, 10 do
        j:append("k", "v")
    end
    local stat = j:stat()
    ok(stat.durable_size < stat.size)
    j:sync()
    equal(j:stat().durable_size, 10)
    j:close()
end)

return claims
