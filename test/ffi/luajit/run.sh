#!/bin/sh
# run.sh - the claims of this directory, in LuaJIT.
set -u

command -v luajit >/dev/null || { echo "skipped: no luajit"; exit 77; }
exec luajit "$(dirname "$0")/test.lua"
