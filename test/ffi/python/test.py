"""test.py - does libjournal keep its promises to a program in Python?"""
import faulthandler
import os
import sys

import claims
import refusing
import using

# Only imported for the claims that they make.
assert refusing and using

if __name__ == "__main__":
    faulthandler.enable()
    sys.exit(0 if claims.run(os.environ["JOURNAL_WORK"]) else 1)
