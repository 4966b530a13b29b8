-- test.lua - libjournal through LuaJIT's FFI: each claim is a function that
-- gets an empty place on the disk.
--
--     JOURNAL_WORK=directory luajit test.lua
--
-- Prints what does not hold, and "N passed, M failed" at the end.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local check = require("check")

check.work = assert(os.getenv("JOURNAL_WORK"), "JOURNAL_WORK is not set")

for _, group in ipairs { "writing", "reading", "upkeep", "misuse" } do
    for _, claim in ipairs(require("claims_" .. group)) do
        check.run(claim[1], claim[2])
    end
end

print(("%d passed, %d failed"):format(check.passed, check.failed))
os.exit(check.failed == 0 and 0 or 1)
