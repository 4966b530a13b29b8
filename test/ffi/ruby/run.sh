#!/bin/sh
# run.sh - runs test.rb, with the Ruby that is here; nothing is installed.
set -u

command -v ruby >/dev/null || { echo "no ruby: install ruby"; exit 77; }
ruby -e 'require "fiddle"' 2>/dev/null ||
    { echo "ruby has no fiddle: install ruby"; exit 77; }
cd "$(dirname "$0")" && exec ruby -w test.rb
