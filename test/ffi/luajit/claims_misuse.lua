-- claims_misuse.lua - errors and their names; use after close; garbage; threads
-- and processes.
local ffi = require("ffi")
local journal = require("journal")
local check = require("check")

ffi.cdef [[
struct limit {
    unsigned long soft, hard;
};
int setrlimit(int resource, const struct limit *limit);
void *signal(int number, intptr_t handler);
]]
local RLIMIT_FSIZE, SIGXFSZ, SIG_IGN = 1, 25, 1

local ok, equal, raises = check.ok, check.equal, check.raises
local claims = {}

local function claim(name, f)
    claims[#claims + 1] = { name, f }
end

claim("each code has a name and words", function()
    local n, words = 0, {}
    for name, code in pairs(journal.codes) do
        local e = journal.error(code)
        equal(e.name, "JOURNAL_" .. name)
        equal(tostring(e), e.name .. ": " .. e.message)
        ok(#e.message > 0 and not words[e.message], e.message)
        words[e.message], n = true, n + 1
    end
    equal(n, 16)
    equal(journal.error(-17).name, "UNKNOWN")
    equal(journal.error(0).name, "OK")
    equal(journal.error(2).name, "ENOENT")
    equal(journal.error(2).message, "No such file or directory")
    local text, number = journal.version()
    ok(text:find("LMDB", 1, true), text)
    ok(number > 0)
end)

claim("a closed handle is refused and not used", function()
    local j = journal.open(check.path())
    j:append("k", "v")
    local cursor = j:replay()
    j:close()
    j:close()
    for _, name in ipairs { "append", "delete", "get", "read", "replay", "stat",
                            "sync", "wait", "verify", "backup", "mark",
                            "marked", "prune", "rewind", "find_time" } do
        check.refuses("is closed", j[name], j, "k", "v")
    end
    check.refuses("is closed", j.query, j, {})
    check.refuses("is closed", j.append_batch, j, {})
    check.refuses("is closed", j:marks())
    equal(cursor:next().value, "v") -- A cursor may outlive its journal.
    cursor:close()
    cursor:close()
    check.refuses("is closed", cursor.next, cursor)
    check.refuses("is closed", cursor.fill, cursor)
end)

claim("what is not closed is collected", function()
    local path = check.path()
    journal.open(path):append("k", "v")
    for _ = 1, 100 do
        local j = journal.open(path)
        assert(j:replay():next())
        assert(j:get("k"))
    end
    collectgarbage()
    collectgarbage()
    journal.destroy(path) -- JOURNAL_BUSY, were any still open.
    raises("NOT_FOUND", journal.open, path, { flags = journal.EXISTING })
end)

claim("garbage collection leaves what is in use alone", function()
    local j = journal.open(check.path(), { durability = journal.RELAXED })
    collectgarbage("setpause", 10)
    for i = 0, 99 do
        local records = {}
        for k = 1, 20 do
            records[k] = { key = "k" .. i, value = ("v" .. k):rep(100) }
        end
        j:append_batch(records)
    end
    local kept, n = {}, 0
    for entry in j:replay() do
        kept[#kept + 1] = entry
    end
    j:close()
    collectgarbage("setpause", 200)
    for i, entry in ipairs(kept) do
        local k = (i - 1) % 20 + 1
        if entry.value == ("v" .. k):rep(100) and
            entry.key == "k" .. math.floor((i - 1) / 20) then
            n = n + 1
        end
    end
    equal(n, 2000)
end)

claim("a loop that is left early gives its cursor back", function()
    local path = check.path()
    local j = journal.open(path)
    for i = 1, 10 do
        j:append("k", tostring(i))
    end
    for _ in j:replay() do
        break
    end
    j:close()
    collectgarbage()
    collectgarbage()
    journal.destroy(path)
    ok(not pcall(journal.destroy, path))
end)

claim("arguments of a wrong type are errors of Lua's", function()
    local j = journal.open(check.path())
    for _, wrong in ipairs { 5, {}, false } do
        ok(not pcall(j.append, j, "k", wrong))
        ok(not pcall(j.get, j, wrong))
        ok(not pcall(j.replay, j, "x"))
    end
    ok(not pcall(j.append, j, "k"))
    ok(not pcall(j.read, j))
    equal(j:stat().size, 0)
    j:close()
end)

claim("key expressions are those of the library", function()
    local expr = journal.expr
    ok(expr.canonical("a/**/b"))
    ok(not expr.canonical("a/**/**/b"))
    equal(expr.canonize("a/**/**/b"), "a/**/b")
    equal(expr.canonize("**/*"), "*/**")
    raises("EINVAL", expr.canonize, "a//b")
    ok(expr.matches("lamp/*", "lamp/hall"))
    ok(not expr.matches("lamp/*", "lamp"))
    ok(expr.intersects("a/*", "*/b"))
    ok(not expr.intersects("a/*", "b/*"))
    ok(expr.includes("a/**", "a/*"))
    ok(not expr.includes("a/*", "a/**"))
end)

claim("four threads append at the same time, and numbers are dense", function()
    local j = journal.open(check.path())
    local joins = {}
    for i = 1, 4 do
        joins[i] = check.thread([[
            return function(address, number)
                local j, last = require("journal").at(address), -1
                for i = 1, 100 do
                    local seq = tonumber(j:append("t" .. number, tostring(i)))
                    assert(seq > last)
                    last = seq
                end
                return 100
            end
        ]], j:address(), i)
    end
    for i = 1, 4 do
        equal(joins[i](), 100)
    end
    local n, of = 0, {}
    for entry in j:replay() do
        equal(entry.seq, n)
        of[entry.key] = (of[entry.key] or 0) + 1
        equal(entry.value, tostring(of[entry.key]))
        n = n + 1
    end
    equal(n, 400)
    j:close()
end)

claim("a thread that waits is woken by another's append", function()
    local j = journal.open(check.path())
    local join = check.thread([[
        return function(address)
            local j = require("journal").at(address)
            return j:wait(0, 60) and #j:read(0).value or 0
        end
    ]], j:address(), 0)
    check.sleep(0.01)
    j:append("k", "four")
    equal(join(), 4)
    j:close()
end)

claim("a child of a fork has to open its own", function()
    local path = check.path()
    local j = journal.open(path)
    j:append("k", "parent")
    local cursor = j:replay()
    local child = check.child(function()
        raises("FORKED", j.append, j, "k", "v")
        raises("FORKED", j.get, j, "k")
        raises("FORKED", cursor.next, cursor)
        cursor:close()
        j:close()
        local mine = journal.open(path)
        equal(mine:append("k", "child"), 1)
        mine:close()
    end)
    equal(check.exit_of(child), 0)
    equal(j:get("k").value, "child")
    equal(cursor:next().value, "parent")
    j:close()
end)

claim("who has it alone keeps others out", function()
    local path = check.path()
    local j = journal.open(path, { flags = journal.EXCLUSIVE })
    raises("BUSY", journal.destroy, path)
    local child = check.child(function()
        j:close()
        raises("BUSY", journal.open, path)
        journal.open(path, { flags = journal.READ_ONLY }):close()
    end)
    equal(check.exit_of(child), 0)
    j:close()
end)

claim("after a write that failed all others do, until it is opened again",
      function()
    local path = check.path()
    local child = check.child(function()
        local j = journal.open(path)
        j:append("k", "first")
        j:append("k", "whole") -- The second append makes the tail.
        ffi.C.signal(SIGXFSZ, SIG_IGN)
        ffi.C.setrlimit(RLIMIT_FSIZE, ffi.new("struct limit", 65536, 65536))
        local appended, e = pcall(j.append, j, "k", ("v"):rep(100000))
        ok(not appended and e.code > 0, e) -- An errno: which one is the disk's.
        raises("FAILED", j.append, j, "k", "small")
        raises("FAILED", j.mark, j, "m", 0)
        raises("FAILED", j.sync, j)
        equal(j:get("k").value, "whole")
        j:close()
    end)
    equal(check.exit_of(child), 0)
    local j = journal.open(path)
    equal(j:get("k").value, "whole")
    equal(j:append("k", "again"), 2)
    ok(j:verify())
    j:close()
end)

claim("a journal that was replaced is not written to", function()
    local path = check.path()
    local j = journal.open(path)
    j:append("k", "v")
    assert(os.rename(path, check.path("moved")))
    journal.open(path):close()
    raises("ESTALE", j.append, j, "k", "w")
    j:close()
end)

claim("calls that are compiled give what interpreted ones give", function()
    local j = journal.open(check.path(), { durability = journal.RELAXED })
    local sum, expected = 0ULL, 0ULL
    for i = 1, 3000 do
        expected = expected + j:append("k" .. i % 7, ("x"):rep(i % 50))
    end
    for _ = 1, 3 do
        for entry in j:replay() do
            sum = sum + entry.seq
        end
    end
    equal(sum, 3 * expected)
    equal(ffi.istype("uint64_t", sum), true)
    j:close()
end)

return claims
