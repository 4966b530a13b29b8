#!/bin/sh
# run.sh - runs test.py, with the Python that is here; nothing is installed.
set -u

python=$(command -v python3) || { echo "no python3: install python3"; exit 77; }
"$python" -c 'import ctypes' 2>/dev/null ||
    { echo "python3 has no ctypes: install python3"; exit 77; }
cd "$(dirname "$0")" && PYTHONDONTWRITEBYTECODE=1 exec "$python" test.py
