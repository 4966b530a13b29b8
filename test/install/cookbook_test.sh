#!/bin/sh
# cookbook_test.sh - do the recipes of docs/cookbook.md work?
exec "$(dirname "$0")/page.sh" --installed docs/cookbook.md
