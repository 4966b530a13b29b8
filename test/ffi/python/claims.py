"""claims.py - a claim is a function that asserts; the decorator collects it.

Each is given the path of a journal that is not there yet.
"""
import contextlib
import gc
import os
import sys
import traceback
import warnings

CLAIMS = []


def claim(function):
    CLAIMS.append(function)
    return function


@contextlib.contextmanager
def raises(kind):
    """What is done within raises KIND, and nothing else."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def passes(function, path):
    try:
        function(path)
    except Exception:
        print(f"not so: {function.__name__}", flush=True)
        traceback.print_exc(file=sys.stdout)
        return False
    return True


def run(directory):
    # Journals that a claim leaves open on purpose are no news.
    warnings.simplefilter("ignore", ResourceWarning)
    passed = 0
    for function in CLAIMS:
        path = os.path.join(directory, function.__name__)
        passed += passes(function, path)
        gc.collect()
    print(f"{passed} passed, {len(CLAIMS) - passed} failed")
    return passed == len(CLAIMS)
