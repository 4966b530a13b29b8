#!/usr/bin/env python3
"""mutants.py - do the tests notice a mistake?

  mutants.py WORK COUNT SEED    makes COUNT mistakes in lib/, one at a time,
                                in a copy of the tree in the directory WORK

A mutant is the library with one small mistake, out of all that mutate.py can
make, chosen by SEED.  It is *killed* by a test that fails, ends by a signal or
takes far too long.  First every test program is run once under gcov, so that a
mutant is shown to those alone that come by its line, the quickest first; after
one that kills it there is no need for others.  Mutants that do not compile, or
compile to the same code as no mistake at all, are not counted; those in
test/mutation/equivalent.txt, whose mistake no test could see, neither.

MAKE is the make to use, MUTANT_TIMEOUT the seconds that a program has at least,
MUTANT_FILES (names below lib/, or all) where the mistakes are made,
MUTANT_SKIP how many of those that SEED chooses are left out, to go on behind a
run that was ended.  Survivors are printed, and what each mutant came to goes to
WORK/results.txt.  Fails if fewer than 90 of 100 are killed.
"""
import glob
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mutate  # noqa: E402  (beside this file)

WANTED = 0.9
SCALE = "0.02"
FOLDERS = ("unit", "fuzz", "api", "fault", "seam", "sweep", "model", "crash",
           "power")
# What programs write is bounded: a mutant may never end.
FILE_MAX = 1 << 33
MEMORY_MAX = 12 << 30
TIMEOUT = float(os.environ.get("MUTANT_TIMEOUT", "20"))
CORES = os.cpu_count()
DECLARED = 8  # so many lines of declarations at most before one that runs
PLAIN = ["CFLAGS=-O1", "BUILD=build/plain"]
COUNTED = ["CFLAGS=-O0 -g --coverage -fprofile-update=atomic",
           "LDFLAGS=-Wl,--wrap=_exit build/dump.o", "BUILD=build/counted"]


def copy_tree(tree):
    """A copy of what git knows here, as it is now; keeps what was built."""
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], check=True,
        stdout=subprocess.PIPE, text=True).stdout.split("\n")
    digest = hashlib.sha256()
    for name in filter(os.path.isfile, names):
        with open(name, "rb") as file:
            data = file.read()
        digest.update(name.encode() + b"\0" + data)
        path = os.path.join(tree, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                if file.read() == data:
                    continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(name, path)
    return digest.hexdigest()


def make(tree, *arguments):
    return subprocess.run([os.environ.get("MAKE", "make"), "-s",
                           "--no-print-directory", *arguments], cwd=tree,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)


def must_make(tree, *arguments):
    done = make(tree, *arguments)
    if done.returncode != 0:
        sys.exit(f"mutants: {' '.join(arguments)}:\n{done.stdout}")


def programs_in(tree):
    """The names of the test programs, FOLDER/NAME, without the build's."""
    found = []
    for folder in FOLDERS:
        for name in sorted(os.listdir(os.path.join(tree, "test", folder))):
            if name.endswith(("_test.c", "_fuzz.c")):
                found.append(f"test/{folder}/{name[:-2]}")
    return found


def limit():
    for what, most in ((resource.RLIMIT_FSIZE, FILE_MAX),
                       (resource.RLIMIT_DATA, MEMORY_MAX)):
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def session_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return int(stat.read().rpartition(")")[2].split()[3])
    except OSError:
        return None


def end_session(process):
    """Ends whatever PROCESS, the leader of a session, has left behind.

    Tests have groups of their own, so that of the program would not do.
    """
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if session_of(pid) == process.pid:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass


class Run:
    """One test program that is running, in a directory of its own."""

    def __init__(self, tree, build, program, timeout):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.home = tempfile.TemporaryDirectory(
            prefix="mutant-", dir=base, ignore_cleanup_errors=True)
        name = self.home.name
        environment = dict(
            os.environ, TMPDIR=name, TEST_FAST_DIR=name, TEST_SEED="1",
            TEST_SCALE=SCALE, TEST_ROOT=tree, TEST_DATA=f"{tree}/test/data",
            JOURNAL=f"{tree}/{build}/journal", CK_TIMEOUT_MULTIPLIER="4")
        self.program, self.begun = program, time.monotonic()
        self.timeout = timeout
        self.process = subprocess.Popen(
            [f"{tree}/{build}/{program}"], cwd=tree, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=limit)

    def end(self):
        """(how it failed or None, seconds)."""
        left = self.begun + self.timeout - time.monotonic()
        try:
            status = self.process.wait(max(left, 0))
        except subprocess.TimeoutExpired:
            status = "timeout"
        return self.stop(status)

    def stop(self, status):
        end_session(self.process)
        self.process.wait()
        self.home.cleanup()
        return status if status != 0 else None, time.monotonic() - self.begun


def lines_run(tree, build, code):
    """The lines of lib/ that were run, FILE:NUMBER, and forgets them.

    Those that could have been, a declaration cannot, are added to CODE.
    """
    folder, found = os.path.join(tree, build, "lib"), set()
    counts = glob.glob("*/*.gcda", root_dir=folder)
    if not counts:
        return found
    output = subprocess.run(
        ["gcov", "-j", "-t"] + [f"{build}/lib/{name}" for name in counts],
        cwd=tree, check=True, stdout=subprocess.PIPE, text=True).stdout
    for document in output.splitlines():
        for file in json.loads(document)["files"]:
            counted = {f"{file['file']}:{line['line_number']}": line["count"]
                       for line in file["lines"]}
            code.update(counted)
            found.update(place for place, count in counted.items() if count)
    for name in counts:
        os.remove(os.path.join(folder, name))
    return found


def make_map(tree, programs):
    """Of each program seconds, and the lines it comes by; and all lines."""
    subprocess.run([os.environ.get("CC", "gcc"), "-c", "-o", "build/dump.o",
                    "test/coverage/dump.c"], cwd=tree, check=True)
    must_make(tree, *COUNTED, f"-j{CORES}", "tests")
    table, code = {}, set()
    lines_run(tree, "build/counted", code)
    for program in programs:
        failed, seconds = Run(tree, "build/counted", program, 600).end()
        lines = lines_run(tree, "build/counted", code)
        if failed is not None:
            print(f"{program} fails without a mistake ({failed}): left out")
            continue
        table[program] = {"seconds": seconds, "lines": sorted(lines)}
    return table, sorted(code)


def load_map(work, tree, digest):
    path = os.path.join(work, "map.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        if kept["digest"] == digest:
            return kept["table"], kept["code"]
    table, code = make_map(tree, programs_in(tree))
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"digest": digest, "table": table, "code": code}, file)
    return table, code


def read_equivalents(path):
    """{(file, function, old, new)} of entries, each with a line for the last.

    An entry is "FILE: REASON", or "FILE FUNCTION: REASON" where other lines of
    the file read the same.
    """
    found, rows = set(), []
    with open(path, encoding="utf-8") as file:
        for row in file.read().split("\n"):
            if row.startswith("    "):
                rows.append(row.strip())
                if len(rows) == 4:
                    found.add(tuple(rows))
            elif ": " in row and not row.startswith("#"):
                name, _, function = row.split(": ")[0].partition(" ")
                rows = [name, function]
    return found


def function_of(tree, mutant):
    """The function that has the line of MUTANT, named as the house has it."""
    with open(os.path.join(tree, mutant.file), encoding="utf-8") as file:
        rows = file.read().split("\n")[:mutant.number]
    names = [row.split("(")[0] for row in rows if re.match(r"^\w+\(", row)]
    return names[-1] if names else ""


def is_equivalent(tree, mutant, equivalents):
    name = mutant.file.removeprefix("lib/")
    rows = (mutant.old.strip(), mutant.new.strip())
    return ((name, "", *rows) in equivalents or
            (name, function_of(tree, mutant), *rows) in equivalents)


def object_of(tree, file):
    path = os.path.join(tree, "build/plain", file[:-2] + ".o")
    with open(path, "rb") as built:
        return built.read()


def place_of(mutant, code):
    """Its line, or where nothing runs there, as in declarations, the next."""
    for number in range(mutant.number, mutant.number + DECLARED):
        place = f"{mutant.file}:{number}"
        if place in code:
            return place
    return f"{mutant.file}:{mutant.number}"


def tests_for(table, place, mutant):
    """The programs that come by, its module's own first, then the quickest."""
    module = os.path.basename(mutant.file)[:-2]
    mine = [p for p in table if place in table[p]["lineset"]]
    return sorted(mine, key=lambda p: (p != f"test/unit/{module}_test",
                                       table[p]["seconds"]))


def batches(tests):
    """TESTS, the first alone, since it kills most, then some at a time."""
    if tests:
        yield tests[:1]
    for i in range(1, len(tests), 2 * CORES):
        yield tests[i:i + 2 * CORES]


class Bench:
    """A tree in which one line at a time is wrong."""

    def __init__(self, tree, table, code):
        self.tree, self.table, self.code = tree, table, set(code)

    def try_mutant(self, mutant):
        """What became of it: (word, which program or how many)."""
        path = os.path.join(self.tree, mutant.file)
        with open(path, encoding="utf-8") as file:
            good = file.read()
        before = object_of(self.tree, mutant.file)
        rows = good.split("\n")
        rows[mutant.number - 1] = mutant.new
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(rows))
            target = f"build/plain/{mutant.file[:-2]}.o"
            if make(self.tree, *PLAIN, target).returncode != 0:
                return "does not compile", ""
            if object_of(self.tree, mutant.file) == before:
                return "same code", ""
            return self.show(mutant)
        finally:
            with open(path, "w", encoding="utf-8") as file:
                file.write(good)
            must_make(self.tree, *PLAIN, target)

    def show(self, mutant):
        tests = tests_for(self.table, place_of(mutant, self.code), mutant)
        for some in batches(tests):
            must_make(self.tree, *PLAIN, f"-j{CORES}",
                      *(f"build/plain/{program}" for program in some))
            failed = self.run_some(some)
            if failed is not None:
                return "killed", failed
        return "survived", f"{len(tests)} programs"

    def run_some(self, programs):
        """Which of these failed, and how; they run side by side."""
        runs = [Run(self.tree, "build/plain", program,
                    TIMEOUT + 10 * self.table[program]["seconds"])
                for program in programs]
        for i, one in enumerate(runs):
            failed, _ = one.end()
            if failed is not None:
                for other in runs[i + 1:]:
                    other.stop(0)
                return f"{one.program} ({failed})"
        return None


def all_mutants(tree):
    wanted = os.environ.get("MUTANT_FILES", "").split()
    mutants = []
    for name in sorted(glob.glob("*/*.c", root_dir=os.path.join(tree, "lib"))):
        if not name.startswith("cli/") and (not wanted or name in wanted):
            mutants += mutate.mutants_of(tree, f"lib/{name}")
    return mutants


def describe(mutant):
    return (f"{mutant.file}:{mutant.number}: {mutant.kind}\n"
            f"    {mutant.old.strip()}\n    {mutant.new.strip()}")


def try_all(bench, mutants, count, equivalents, log):
    sums = {"killed": 0, "survived": 0}
    for mutant in mutants:
        if sum(sums.values()) == count:
            break
        if is_equivalent(bench.tree, mutant, equivalents):
            print(f"equivalent: {describe(mutant)}", file=log, flush=True)
            continue
        word, by = bench.try_mutant(mutant)
        print(f"{word}, {by}: {describe(mutant)}", file=log, flush=True)
        if word in sums:
            sums[word] += 1
        if word == "survived":
            print(f"survived {by}: {describe(mutant)}", flush=True)
    return sums


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    work, count = os.path.abspath(arguments[0]), int(arguments[1])
    seed = arguments[2] or str(random.SystemRandom().randrange(1 << 32))
    tree = os.path.join(work, "tree")
    print(f"mutants: seed {seed}", flush=True)
    digest = copy_tree(tree)
    must_make(tree, *PLAIN, f"-j{CORES}", "tests")
    table, code = load_map(work, tree, digest)
    for entry in table.values():
        entry["lineset"] = set(entry["lines"])
    mutants = all_mutants(tree)
    possible = len(mutants)
    random.Random(seed).shuffle(mutants)
    mutants = mutants[int(os.environ.get("MUTANT_SKIP", "0")):]
    with open(os.path.join(work, "results.txt"), "w", encoding="utf-8") as log:
        sums = try_all(Bench(tree, table, code), mutants, count,
                       read_equivalents("test/mutation/equivalent.txt"), log)
    tried = max(sum(sums.values()), 1)
    print(f"{sums['killed']} of {tried} mutants killed, "
          f"{100 * sums['killed'] / tried:.1f} %, of {possible} possible")
    return sums["killed"] < WANTED * tried


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
