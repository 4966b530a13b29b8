#!/bin/sh
# tutorial_test.sh - does docs/tutorial.md say what its reader will see?
exec "$(dirname "$0")/page.sh" docs/tutorial.md
