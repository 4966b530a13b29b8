-- check.lua - what the claims use: counted checks, child processes, threads.
local ffi = require("ffi")
local journal = require("journal")

ffi.cdef [[
int fork(void);
int waitpid(int pid, int *status, int options);
void _exit(int status);
int usleep(unsigned int microseconds);

typedef struct lua_State lua_State;
lua_State *luaL_newstate(void);
void luaL_openlibs(lua_State *L);
int luaL_loadstring(lua_State *L, const char *s);
void lua_pushlstring(lua_State *L, const char *s, size_t size);
void lua_pushnumber(lua_State *L, double n);
int lua_pcall(lua_State *L, int arguments, int results, int handler);
double lua_tonumber(lua_State *L, int index);
const char *lua_tolstring(lua_State *L, int index, size_t *size);
void lua_close(lua_State *L);
int pthread_create(unsigned long *thread, const void *attributes,
                   void *(*start)(void *), void *argument);
int pthread_join(unsigned long thread, void **value);
]]

local M = { passed = 0, failed = 0 }

local function count(ok, ...)
    if ok then
        M.passed = M.passed + 1
    else
        M.failed = M.failed + 1
        local at = debug.getinfo(3, "Sl")
        print(("%s:%d:"):format(at.short_src, at.currentline), M.claim, ...)
    end
    return ok
end

function M.ok(condition, what)
    count(condition, what or "does not hold")
end

function M.equal(got, expected)
    count(got == expected, "got", got, "expected", expected)
end

-- FUNCTION raises a journal.Error of that name, as CONFLICT, EINVAL.
function M.raises(name, f, ...)
    local ok, raised = pcall(f, ...)
    local got = ok and "no error" or raised
    if not ok and getmetatable(raised) == journal.Error then
        got = raised.name:gsub("^JOURNAL_", "")
    end
    count(got == name, "raised", got, "expected", name)
end

-- FUNCTION raises an error of Lua's whose text has WORDS in it.
function M.refuses(words, f, ...)
    local ok, raised = pcall(f, ...)
    count(not ok and tostring(raised):find(words, 1, true),
          ok and "no error" or raised)
end

-- An empty place for each claim.
function M.path(name)
    return M.work .. "/" .. M.claim:gsub(" ", "-") .. "-" .. (name or "j")
end

function M.values(cursor)
    local values = {}
    for entry in cursor do
        values[#values + 1] = entry.tombstone and "-" or entry.value
    end
    return table.concat(values, " ")
end

function M.run(claim, f)
    M.claim = claim
    local ok, raised = xpcall(f, function(e)
        return debug.traceback(tostring(e))
    end)
    if not ok then
        M.failed = M.failed + 1
        print(claim .. ": " .. raised)
    end
    collectgarbage()
end

-- ---- processes --------------------------------------------------------------

function M.sleep(seconds)
    ffi.C.usleep(seconds * 1e6)
end

-- Runs F in a child, which exits with 0 if all that F checks holds.
function M.child(f)
    io.stdout:flush()
    local pid = ffi.C.fork()
    if pid == 0 then
        M.failed = 0
        M.run(M.claim, f)
        io.stdout:flush()
        ffi.C._exit(M.failed == 0 and 0 or 1)
    end
    return pid
end

function M.exit_of(pid)
    local status = ffi.new("int[1]")
    assert(ffi.C.waitpid(pid, status, 0) == pid)
    return bit.rshift(status[0], 8)
end

-- ---- threads ----------------------------------------------------------------

-- Lua has no threads, but a thread may have a Lua state of its own.  SOURCE is
-- the text of a function(address, number) -> number, which runs there.
local WRAPPER = [[
local path, address, number = ...
package.path = path
local ffi = require("ffi")
local work = (function() %s end)()
callback = ffi.cast("void *(*)(void *)", function()
    local ok, result = pcall(work, address, number)
    return ffi.cast("void *", ok and result or -1)
end)
return tonumber(ffi.cast("uintptr_t", callback))
]]

local function state_with(source, address, number)
    local C, L = ffi.C, ffi.C.luaL_newstate()
    C.luaL_openlibs(L)
    local rc = C.luaL_loadstring(L, WRAPPER:format(source))
    if rc == 0 then
        C.lua_pushlstring(L, package.path, #package.path)
        C.lua_pushnumber(L, address)
        C.lua_pushnumber(L, number)
        rc = C.lua_pcall(L, 3, 1, 0)
    end
    if rc ~= 0 then
        error(ffi.string(C.lua_tolstring(L, -1, nil)))
    end
    return L, ffi.cast("void *(*)(void *)",
                       ffi.cast("uintptr_t", C.lua_tonumber(L, -1)))
end

-- Starts a thread; the function that comes back joins it and gives its result.
function M.thread(source, address, number)
    local L, start = state_with(source, address, number)
    local id = ffi.new("unsigned long[1]")
    assert(ffi.C.pthread_create(id, nil, start, nil) == 0)
    return function()
        local value = ffi.new("void *[1]")
        assert(ffi.C.pthread_join(id[0], value) == 0)
        ffi.C.lua_close(L)
        return tonumber(ffi.cast("intptr_t", value[0]))
    end
end

return M
