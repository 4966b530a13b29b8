# Makefile - builds, checks and installs libjournal.  `make help` lists targets.

# ---- settings ---------------------------------------------------------------

ifeq ($(origin CC),default)
CC       = gcc
endif
CFLAGS   = -O2 -g
LDFLAGS  =
LDLIBS   = -llmdb -lxxhash
CLI_LIBS = -ljansson
AR       = ar

DESTDIR    =
PREFIX     = /usr/local
BINDIR     = $(PREFIX)/bin
LIBDIR     = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR     = $(PREFIX)/share/man
BASHCOMPDIR = $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR  = $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR = $(PREFIX)/share/fish/vendor_completions.d

BUILD    = build
WERROR   =     # 1: a warning is an error
SAN      =     # address,undefined or thread: instrument everything
SHARED   =     # 1: tests of the public interface use the shared library
RUN      =     # valgrind: run the test programs under it
DURABILITY =   # relaxed: the journals of tests are, unless they choose
TAIL     =     # bytes of their tails, unless they choose
V        =     # 1: show whole commands
DIRTY    =     # 1: `make dist` takes what is not committed too
LEAVE_OUT =    # tests that `make check` does without: crash/kill_test
FUZZ_SECONDS = 20 # of `make fuzz`, for each target
CANARIES =     # of `make canaries`; empty: all
POWER_SECONDS = 60 # of `make power`, for each kind of run
MUTANTS  = 200 # of `make mutants`
SEED     =     # which ones; random
POWER_BUDGET = # seconds of `make power` in all
POWER_IMAGES = # so many losses of power at least, by doing that again
FAULT_STRIDE = 2 # of `make faults`: 1: no call is left out; 2: every other one
FAULT_SECONDS = 0 # and then two fail in the same run, until these are over
FAULT_LEAST = 0 # fewer failing calls in all are a failure
BLOCK_IMAGES = 3000 # of `make blocks`
SOAK     = 1 # of `make soak`: the part of what a release takes
SOAK_STEPS = # of `make soak`; empty: all
KILLS    = 10000 # of `make kills`: of processes alone, and of some with others
FFI      =     # languages of `make check-ffi`; empty: all
FFI_NEED =     # all: a language that is not here is a failure
JOBS     = $(shell nproc 2>/dev/null || echo 1)

# ---- sources ----------------------------------------------------------------

LIB_FOLDERS = base format pages tail store journal write query repair api
IN_base = \
    reclaim.c checksum.c error.c clock.c futex.c stamp.c numbers.c gaps.c \
    gallop.c rows.c disk.c arena.c keysort.c
IN_format = \
    record.c links.c index.c state.c packed.c expr.c
IN_pages = \
    page.c pages.c freelist.c walk.c walk_pages.c build.c
IN_tail = \
    tail.c tail_frame.c keytable.c recent.c recent_look.c recent_window.c
IN_store = \
    store.c store_files.c store_guard.c store_guard_free.c store_guard_page.c \
    store_lock.c store_many.c store_pin.c store_rows.c store_space.c \
    store_tree.c store_tree_get.c store_tree_way.c store_txn.c filesystem.c \
    lock.c
IN_journal = \
    shared.c shared_txn.c files.c create.c inspect.c anew.c target.c newest.c \
    newest_basis.c newest_ring.c recovery.c view.c view_meta.c entry.c marks.c \
    times.c history.c
IN_write = \
    handle.c request.c apply.c stage.c ahead.c drain.c slices.c group.c commit.c \
    upkeep.c removal.c retention.c expiry.c clearance.c
IN_query = \
    filter.c keys.c range.c plan.c scan.c gather.c gather_recent.c cursor.c
IN_repair = \
    audit.c audit_keys.c audit_meta.c audit_sets.c audit_sums.c audit_table.c \
    audit_recent.c audit_ahead.c snapshot.c settled.c copy.c graft.c \
    graft_links.c wreck.c wreck_tail.c wreck_give.c search.c frames.c finds.c \
    account.c
IN_api = \
    open.c append.c append_packed.c get.c query.c fill.c prune.c rewind.c \
    mark.c stat.c backup.c salvage.c sync.c verify.c wait.c keyexpr.c \
    version.c
LIB_SOURCES = $(foreach folder,$(LIB_FOLDERS),\
    $(IN_$(folder):%=$(folder)/%))

CLI_SOURCES = \
    main.c cli.c help.c cmd_append.c cmd_at.c cmd_compact.c cmd_follow.c cmd_get.c \
    cmd_history.c cmd_keys.c cmd_mark.c cmd_prune.c cmd_query.c cmd_read.c \
    cmd_backup.c cmd_salvage.c cmd_replay.c cmd_rewind.c cmd_stat.c \
    append_lines.c append_request.c follow.c question.c listing.c lookup.c \
    target.c denied.c args.c when.c calendar.c span.c parse.c input.c output.c \
    object.c text.c report.c cmd_verify.c progress.c base64.c \
    json_parse.c json_line.c cmd_export.c cmd_import.c import.c import_place.c \
    monotonic.c nearest.c histogram.c bench.c bench_case.c cmd_bench.c colour.c \
    taken.c

# What these need beyond the library.
CLI_PACKAGES = libjansson-dev

# Of these, what has unit tests of its own in test/cli.
CLI_TESTED = when.c calendar.c span.c parse.c base64.c histogram.c nearest.c

# Programs under test/ need no listing: test/FOLDER/NAME_test.c is one, linked
# with the folder's other files and test/support.  The longest come first, so
# that all cores have something to do until the end.
TEST_FOLDERS = crash model power sweep blocks unit seam fault api cli
# What looks inside lib/; the others know the public header only.
INSIDE       = test/unit/% test/fuzz/%
SHIM_SOURCE  = test/fault/shim.c

# Of test/api, what is also run with the amalgamation.
AMALGAMATED = append_test append_packed_test backup_test batch_test expr_test \
    fill_test follow_test get_at_test mark_test prune_test query_test \
    retention_test rewind_test salvage_test stat_test verify_test wait_test \
    words_test

# What a folder's programs take from another one's.
TAKEN_sweep  = fault/faults.c fault/changes.c fault/looks.c power/life.c \
    power/judge.c
TAKEN_unit   = $(addprefix model/,batch.c compare.c feed.c keys.c model.c \
    query.c trace.c)
TAKEN_blocks = power/life.c power/judge.c power/claims.c power/deeds.c

# All tests open journals through test/support/mode.c.
WRAP_ALL = -Wl,--wrap=journal_open
# Tests that replace a function of the library, and which.
WRAP_unit/collision_test = -Wl,--wrap=jn_hash128
WRAP_unit/audit_life_test = -Wl,--wrap=jn_hash128
WRAP_unit/expiry_test = -Wl,--wrap=jn_expiry_run
WRAP_unit/futex_test = -Wl,--wrap=syscall
WRAP_unit/wait_test = -Wl,--wrap=jn_futex_sleep,--wrap=jn_futex_wake
WRAP_unit/newest_write_test = -Wl,--wrap=msync,--wrap=jn_lock_leave \
    -Wl,--wrap=jn_tail_write,--wrap=fdatasync
WRAP_unit/group_test = -Wl,--wrap=jn_retention_apply,--wrap=jn_shared_commit
WRAP_unit/snapshot_test = -Wl,--wrap=pread
WRAP_unit/stage_test = -Wl,--wrap=jn_recent_reserve,--wrap=jn_recent_add
WRAP_unit/store_map_test = -Wl,--wrap=mdb_env_set_mapsize
WRAP_unit/tail_flush_test = -Wl,--wrap=msync
WRAP_unit/ahead_test = -Wl,--wrap=jn_tail_flush,--wrap=jn_newest_published
WRAP_unit/sync_test = -Wl,--wrap=jn_slices_drain_one
WRAP_unit/meanwhile_test = -Wl,--wrap=unlink,--wrap=pwrite
WRAP_unit/closing_test = -Wl,--wrap=jn_lock_leave,--wrap=jn_upkeep \
    -Wl,--wrap=ftruncate,--wrap=fallocate
WRAP_unit/upkeep_test = -Wl,--wrap=jn_clock_sleep
WRAP_unit/plan_test = -Wl,--wrap=jn_keys_next
WRAP_unit/recent_test = -Wl,--wrap=jn_hash64,--wrap=malloc \
    -Wl,--wrap=aligned_alloc,--wrap=free
WRAP_unit/query_turns_test = -Wl,--wrap=jn_plan_make \
    -Wl,--wrap=jn_keys_next,--wrap=jn_store_end_read
# A sanitizer has a malloc() of its own, which may not be replaced.
WRAP_sweep/sweep_test = $(if $(SANITIZE),$(addprefix -Wl$(comma)--wrap=,malloc \
    calloc realloc free aligned_alloc posix_memalign))
WRAP_unit/query_starved_test = -Wl,--wrap=malloc,--wrap=calloc \
    -Wl,--wrap=realloc,--wrap=mdb_cursor_open,--wrap=jn_store_get_many
# What test/seam lets fail: calls for memory, of LMDB, of the system.
WRAP_SEAM = $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc \
    aligned_alloc $(addprefix mdb_,env_create env_set_mapsize \
    env_set_maxreaders env_set_maxdbs env_open env_get_fd env_info env_stat \
    env_sync reader_check dbi_open dbi_flags txn_begin txn_renew txn_commit \
    stat get cursor_open \
    cursor_get put del cursor_put cursor_del) fstat stat lstat statfs fstatvfs \
    fchmod chmod fsync fdatasync msync truncate fallocate mkdir rename unlink \
    rmdir getentropy clock_gettime posix_fallocate pread pwrite mmap realpath \
    opendir open openat fcntl renameat2 flock ftruncate)
WRAP_seam/seam_test = $(WRAP_SEAM)
WRAP_seam/repair_test = $(WRAP_SEAM)

# What else of test/ a fuzz target needs.
FUZZ_WITH_expr = support/slow_expr.c
FUZZ_WITH_pages = fuzz/unpack.c
FUZZ_WITH_salvage = fuzz/unpack.c
FUZZ_WITH_ops = $(addprefix model/,batch.c compare.c feed.c keys.c marking.c \
    model.c query.c trace.c) $(addprefix support/,oracle.c packer.c \
    slow_expr.c test.c)
FUZZ_LINK_ops = -Wl,--wrap=_ck_assert_failed $(CHECK_LIBS)

# ---- what follows from these ------------------------------------------------

empty :=
space := $(empty) $(empty)
comma := ,
SAN_NAME = $(subst $(comma),-,$(strip $(SAN)))

# A folder has one name, under which it is noted what depends on what.
OUT := $(patsubst $(CURDIR)/%,%,$(strip $(BUILD)))
# Builds that differ in kind do not share a directory.
OUT := $(OUT)$(if $(SAN_NAME),/san-$(SAN_NAME))
OUT := $(OUT)$(if $(filter 1,$(SHARED)),/shared)

# Each step is one short line; V=1 shows the commands, -s nothing.
Q    = $(if $(filter 1,$(V)),,@)
say  = $(if $(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo \
    "  $(1)")

# The header's JOURNAL_VERSION_MAJOR, _MINOR and _PATCH.
version = $(shell sed -n 's/^\#define JOURNAL_VERSION_$(1) //p' \
    include/journal.h)
VERSION_MAJOR := $(call version,MAJOR)
VERSION := $(VERSION_MAJOR).$(call version,MINOR).$(call version,PATCH)
SONAME  := libjournal.so.$(VERSION_MAJOR)

STATIC  = $(OUT)/libjournal.a
DYNAMIC = $(OUT)/libjournal.so.$(VERSION)
LINKS   = $(OUT)/$(SONAME) $(OUT)/libjournal.so
COMMAND = $(OUT)/journal
PC      = $(OUT)/libjournal.pc
JOINED  = $(OUT)/amalgamation

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion \
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
    -Wwrite-strings -Wvla -Wundef -Wformat=2
ifeq ($(strip $(WERROR)),1)
WARNINGS += -Werror
endif
ifneq ($(strip $(SAN)),)
SANITIZE = -fsanitize=$(strip $(SAN)) -fno-omit-frame-pointer \
    -fno-sanitize-recover=all
endif

LANGUAGE = -std=c11 -D_GNU_SOURCE -pthread $(if $(SANITIZE),-DSANITIZED)
COMPILE  = $(CC) $(LANGUAGE) $(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) \
    -MMD -MP
LINK     = $(CC) -pthread $(CFLAGS) $(SANITIZE) $(LDFLAGS)

LIB_OBJECTS = $(LIB_SOURCES:%.c=$(OUT)/lib/%.o)
CLI_OBJECTS = $(CLI_SOURCES:%.c=$(OUT)/lib/cli/%.o)

objects_of  = $(patsubst %.c,$(OUT)/%.o,$(1))
SUPPORT     = $(call objects_of,$(wildcard test/support/*.c))
# The files of a test folder that all its programs share.
shared_of   = $(call objects_of,$(filter-out %_test.c $(SHIM_SOURCE),\
    $(wildcard test/$(1)/*.c)) $(if $(filter cli,$(1)),\
    $(CLI_TESTED:%=lib/cli/%)) $(TAKEN_$(1):%=test/%))
TESTS       = $(filter-out $(LEAVE_OUT:%=$(OUT)/test/%),$(patsubst %.c,\
    $(OUT)/%,$(foreach folder,$(TEST_FOLDERS),$(wildcard \
    test/$(folder)/*_test.c))))
fuzzed_with = $(call objects_of,$(FUZZ_WITH_$(1):%=test/%))
FUZZ        = $(patsubst %.c,$(OUT)/%,$(wildcard test/fuzz/*_fuzz.c))
SHIM        = $(patsubst %.c,$(OUT)/%.so,$(wildcard $(SHIM_SOURCE)))
SCRIPTS     = $(wildcard test/cli/*_test.sh $(if $(SAN_NAME),,\
    test/install/*_test.sh test/model/*_test.sh \
    test/bench/*_test.sh))
EXAMPLES    = $(patsubst %.c,$(OUT)/%,$(wildcard docs/examples/*.c))
BENCH       = $(OUT)/bench/bench
BENCH_OBJECTS = $(call objects_of,$(wildcard test/bench/*.c))
BENCH_FLAGS =  # --large, --part PART, --value BYTES, --dir DIR
PYTHON      = python3
# Python, if it is here and has ctypes and sqlite3, reads a journal too.
BENCH_FILL  = $(shell $(PYTHON) -c 'import ctypes, sqlite3' 2>/dev/null && \
    echo '--fill "$(PYTHON) test/bench/fill.py $(DYNAMIC)"')
# Measured too where they are installed; asked when the rules run.
header      = $(shell printf '\043include <$(1)>\n' | \
    $(CC) $(CPPFLAGS) -fsyntax-only -x c - 2>/dev/null && echo $(2))
SQLITE      = $(shell pkg-config --libs sqlite3 2>/dev/null)
LEVELDB     = $(call header,leveldb/c.h,-lleveldb)
ROCKSDB     = $(call header,rocksdb/c.h,-lrocksdb)
ROCKSDB_VERSION = $(shell printf '\043include <rocksdb/version.h>\n%s\n' \
    'version ROCKSDB_MAJOR.ROCKSDB_MINOR.ROCKSDB_PATCH' | \
    $(CXX) $(CPPFLAGS) -E -P -x c++ - 2>/dev/null | \
    sed -n 's/^version //p' | tr -d ' ')
RIVALS      = $(SQLITE) $(LEVELDB) $(ROCKSDB)
RIVALS_HERE = $(if $(SQLITE),-DBENCH_SQLITE) $(if $(LEVELDB),-DBENCH_LEVELDB) \
    $(if $(ROCKSDB),-DBENCH_ROCKSDB=$(ROCKSDB_VERSION))
MAN_PAGES   = $(wildcard docs/man/*.[1-8])
# NAME=PAGE for each call that has its manual in another one's page.
MAN_LINKS   = $(shell awk '/^\.S[hH]/ { inside = /NAME/ } \
    inside && /^\.Nm / { page = FILENAME; sub(/.*\//, "", page); \
    if ($$2 ".3" != page) print $$2 ".3=" page }' docs/man/*.3)

# Under valgrind a writer does not get far enough before it is killed, and calls
# of malloc() are not the program's own; what scripts start does not run under
# it.
ifeq ($(strip $(RUN)),valgrind)
SCRIPTS :=
TESTS   := $(filter-out $(OUT)/test/api/processes_test \
    $(OUT)/test/crash/kill_test $(OUT)/test/crash/tail_kill_test \
    $(OUT)/test/crash/backup_kill_test \
    $(OUT)/test/crash/retain_test $(OUT)/test/sweep/% \
    $(OUT)/test/blocks/%,$(TESTS))
endif

# A race needs two threads: what starts some, or has a file beside it that does.
# Of the rest the model's walk alone, for the order in which calls take locks.
# What fails calls takes their names away from the sanitizer before that is ready.
ifeq ($(SAN_NAME),thread)
STARTERS := $(shell grep -l pthread_create test/*/*.c docs/examples/*.c)
CROWDED  := $(dir $(filter-out %_test.c,$(STARTERS)))
TESTS    := $(filter $(STARTERS:%.c=$(OUT)/%) $(CROWDED:%=$(OUT)/%%) \
    $(OUT)/test/model/%,$(filter-out $(OUT)/test/sweep/%,$(TESTS)))
FUZZ     :=
EXAMPLES := $(filter $(STARTERS:%.c=$(OUT)/%),$(EXAMPLES))
# Of the command `bench` alone starts threads.
SCRIPTS  := $(filter test/cli/bench_test.sh,$(SCRIPTS))
endif

# What does not open its journals through mode.c would do the same again.
ifneq ($(strip $(DURABILITY) $(TAIL)),)
FUZZ     :=
SCRIPTS  :=
EXAMPLES :=
endif

ifeq ($(strip $(SHARED)),1)
# The modules' own tests need what the shared library hides.
TESTS   := $(filter-out $(OUT)/test/unit/% $(OUT)/test/fault/% \
    $(OUT)/test/seam/% $(OUT)/test/power/% $(OUT)/test/sweep/% \
    $(OUT)/test/blocks/%,$(TESTS))
FUZZ    :=
SCRIPTS :=
TEST_LIBRARY      = $(DYNAMIC) $(LINKS)
TEST_LIBRARY_LINK = -L$(OUT) -ljournal -Wl,-rpath,$(abspath $(OUT)) $(LDLIBS)
else
TEST_LIBRARY      = $(STATIC)
TEST_LIBRARY_LINK = $(STATIC) $(LDLIBS)
endif

CHECK_LIBS = $$(pkg-config --libs check 2>/dev/null || \
    echo -lcheck -lsubunit -lrt -lm)

.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:
.PHONY: all asked lib install uninstall clean check check-ffi soak power faults \
    blocks kills canaries fuzz run-fuzzers coverage cover-tests mutants demo bench \
    bench-all examples tests lint dist deb amalgamation abi abi-update \
    check-packages format completions docs deps check-deps help FORCE

# ---- library, command -------------------------------------------------------

## all         the library, the command and the pkg-config file (the default)
all: asked lib $(COMMAND)

# Both kinds of needs in one answer, before anything is compiled.
asked: | $(OUT)/needs-cli
	@:

## lib         the library and the pkg-config file alone
lib: $(STATIC) $(DYNAMIC) $(LINKS) $(PC)

# A file that is rewritten when the settings that it holds have changed, so that
# what was built with others is built again.
define write_if_changed
@mkdir -p $(@D)
@printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
endef

$(OUT)/compiled-with: FORCE
	$(call write_if_changed,$(COMPILE) $(LINK))

$(OUT)/installed-to: FORCE
	$(call write_if_changed,$(PREFIX) $(LIBDIR) $(INCLUDEDIR))

# Asks once, in words, for what the compiler would only stumble over.
$(OUT)/needs: | $(OUT)/compiled-with
	@CC='$(CC)' test/support/deps.sh need
	@touch $@

# The command has needs of its own, which the library does without.
$(OUT)/needs-cli: | $(OUT)/compiled-with
	@CC='$(CC)' test/support/deps.sh need $(CLI_PACKAGES)
	@touch $@

$(OUT)/lib/%.o: lib/%.c $(OUT)/compiled-with | $(OUT)/needs
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(COMPILE) -fPIC -fvisibility=hidden -Iinclude -Ilib -c -o $@ $<

# The command is a customer of <journal.h> like any other.
$(OUT)/lib/cli/%.o: lib/cli/%.c $(OUT)/compiled-with | $(OUT)/needs \
    $(OUT)/needs-cli
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(COMPILE) -Iinclude -c -o $@ $<

$(STATIC): $(LIB_OBJECTS)
	$(call say,AR    $@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(LIB_OBJECTS)

$(DYNAMIC): $(LIB_OBJECTS) lib/libjournal.map
	$(call say,LINK  $@)
	$(Q)$(LINK) -shared -Wl,-soname,$(SONAME) \
	    -Wl,--version-script=lib/libjournal.map $(if $(SANITIZE),,-Wl,-z,defs) \
	    -o $@ $(LIB_OBJECTS) $(LDLIBS)

$(LINKS): $(DYNAMIC)
	$(Q)ln -sf $(notdir $(DYNAMIC)) $@

$(COMMAND): $(CLI_OBJECTS) $(STATIC)
	$(call say,LINK  $@)
	$(Q)$(LINK) -o $@ $(CLI_OBJECTS) $(STATIC) $(LDLIBS) $(CLI_LIBS)

# Paths under PREFIX are written relative to the file's own place, so that an
# installed tree may be moved; but not in /usr, where compilers look anyway and
# need no flags.
may_move = $(if $(filter-out /usr,$(PREFIX)),$(filter $(PREFIX)/%,$(LIBDIR)))
under_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
up_from = $(subst $(space),/,$(patsubst %,..,$(subst /, ,$(1))))
pc_prefix = $(if $(may_move),$${pcfiledir}/$(call \
    up_from,$(patsubst $(PREFIX)/%,%,$(LIBDIR))/pkgconfig),$(PREFIX))

$(PC): pkgconfig/libjournal.pc.in include/journal.h $(OUT)/installed-to
	$(Q)sed -e 's|@prefix@|$(pc_prefix)|' \
	    -e 's|@libdir@|$(call under_prefix,$(LIBDIR))|' \
	    -e 's|@includedir@|$(call under_prefix,$(INCLUDEDIR))|' \
	    -e 's|@version@|$(VERSION)|' $< >$@

# ---- install ----------------------------------------------------------------

INSTALLED = \
    $(INCLUDEDIR)/journal.h $(LIBDIR)/libjournal.a \
    $(addprefix $(LIBDIR)/,$(notdir $(DYNAMIC) $(LINKS))) \
    $(LIBDIR)/pkgconfig/libjournal.pc $(BINDIR)/journal \
    $(BASHCOMPDIR)/journal $(ZSHCOMPDIR)/_journal $(FISHCOMPDIR)/journal.fish \
    $(foreach page,$(MAN_PAGES),$(MANDIR)/man$(subst .,,$(suffix \
        $(page)))/$(notdir $(page))) \
    $(foreach link,$(MAN_LINKS),$(MANDIR)/man3/$(firstword $(subst \
        =, ,$(link))))

## install     into PREFIX (/usr/local), below DESTDIR if that is given
install: all
	install -d $(sort $(dir $(INSTALLED:%=$(DESTDIR)%)))
	install -m 644 include/journal.h $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)
	install -m 755 $(DYNAMIC) $(DESTDIR)$(LIBDIR)
	cp -Pf $(LINKS) $(DESTDIR)$(LIBDIR)
	install -m 644 $(PC) $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 755 $(COMMAND) $(DESTDIR)$(BINDIR)
	install -m 644 lib/cli/completions/journal.bash \
	    $(DESTDIR)$(BASHCOMPDIR)/journal
	install -m 644 lib/cli/completions/journal.zsh \
	    $(DESTDIR)$(ZSHCOMPDIR)/_journal
	install -m 644 lib/cli/completions/journal.fish $(DESTDIR)$(FISHCOMPDIR)
	@for page in $(MAN_PAGES); do \
	    install -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.} || exit 1; \
	done
	@for link in $(MAN_LINKS); do \
	    ln -sf $${link#*=} $(DESTDIR)$(MANDIR)/man3/$${link%=*} || exit 1; \
	done
	@test -n '$(DESTDIR)' || pkgconfig/loader.sh '$(LIBDIR)' '$(SONAME)'

## uninstall   remove what install put there (same PREFIX and DESTDIR)
uninstall:
	rm -f $(INSTALLED:%=$(DESTDIR)%)

## clean       remove everything that was built
clean:
	rm -rf $(BUILD)

# ---- tests, examples, benchmarks --------------------------------------------

# Most of a test's time is the library's, and the compiler's: only those that
# work hard themselves are optimized.
HARD_WORKERS = blocks fuzz model power support sweep
plainly = $(if $(filter $(HARD_WORKERS:%=test/%/),$(dir $<)),,\
    -O0 -U_FORTIFY_SOURCE)

$(OUT)/test/%.o: test/%.c $(OUT)/compiled-with | $(OUT)/needs
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(COMPILE) $(plainly) -Iinclude -Itest \
	    $(if $(filter $(INSIDE),$<),-Ilib) \
	    $(if $(filter test/cli/%,$<),-Ilib/cli) -c -o $@ $<

# The stem is FOLDER/NAME.
$(OUT)/test/%_test: $(OUT)/test/%_test.o $$(call shared_of,$$(*D)) \
    $(SUPPORT) $(TEST_LIBRARY)
	$(call say,LINK  $@)
	$(Q)$(LINK) $(WRAP_ALL) $(WRAP_$*_test) -o $@ $(filter %.o,$^) \
	    $(TEST_LIBRARY_LINK) $(CHECK_LIBS)

# A fuzz target: without a fuzzer, for `make check`, and with libFuzzer.
$(OUT)/test/fuzz/%_fuzz: $(OUT)/test/fuzz/%_fuzz.o $(OUT)/test/fuzz/replay.o \
    $$(call fuzzed_with,$$*) $(STATIC)
	$(call say,LINK  $@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(STATIC) $(LDLIBS) $(FUZZ_LINK_$*)

$(OUT)/test/fuzz/%_fuzzer: $(OUT)/test/fuzz/%_fuzz.o \
    $$(call fuzzed_with,$$*) $(STATIC)
	$(call say,LINK  $@)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(STATIC) $(LDLIBS) \
	    $(FUZZ_LINK_$*)

$(OUT)/test/fault/shim.so: test/fault/shim.c $(OUT)/compiled-with
	@mkdir -p $(@D)
	$(call say,LINK  $@)
	$(Q)$(CC) $(LANGUAGE) $(WARNINGS) $(CFLAGS) -MMD -MP -fPIC -shared \
	    -o $@ $< -ldl

# An example compiles as its reader's own program would.
$(OUT)/docs/examples/%: docs/examples/%.c $(STATIC) $(OUT)/compiled-with
	@mkdir -p $(@D)
	$(call say,LINK  $@)
	$(Q)$(COMPILE) $(LDFLAGS) -Iinclude -o $@ $< $(STATIC) $(LDLIBS)

$(OUT)/bench/rivals: FORCE
	$(call write_if_changed,$(RIVALS))

# The engine on a rival that is not here comes to nothing.
$(OUT)/test/bench/%.o: test/bench/%.c $(OUT)/compiled-with \
    $(OUT)/bench/rivals | $(OUT)/needs
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(COMPILE) -Iinclude $(RIVALS_HERE) -c -o $@ $<

$(BENCH): $(BENCH_OBJECTS) $(STATIC)
	@mkdir -p $(@D)
	$(call say,LINK  $@)
	$(Q)$(LINK) -o $@ $(BENCH_OBJECTS) $(STATIC) $(LDLIBS) $(RIVALS) -lm

# Where they are not given, the caller's environment may have them.
MODE = $(if $(strip $(DURABILITY)),TEST_DURABILITY='$(strip $(DURABILITY))') \
    $(if $(strip $(TAIL)),TEST_TAIL='$(strip $(TAIL))')

# A make of its own, so that it begins after packages have been installed.
BUILD_ALL = $(MAKE) --no-print-directory \
    $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

## soak        what a release takes: every harness for long, a day in all;
##             SOAK=0.01 for minutes, SOAK_STEPS="power kills": these alone
soak: check-deps
	@MAKE='$(MAKE)' OUT='$(OUT)' SOAK='$(strip $(SOAK))' test/soak.sh \
	    $(SOAK_STEPS)

## check       everything that tests; TEST_SCALE, SAN=, RUN=valgrind, SHARED=1,
##             DURABILITY=relaxed, TAIL=65536, TEST_FOLDERS="api crash"
check: check-deps
	@$(BUILD_ALL) tests
	@OUT='$(OUT)' SAN='$(SAN_NAME)' RUN='$(strip $(RUN))' JOBS='$(JOBS)' \
	    CC='$(CC)' SHIM='$(SHIM)' $(MODE) test/run.sh $(SCRIPTS) $(TESTS) \
	    $(FUZZ) $(EXAMPLES)

# What coverage counts is the branches that the source has.
COVERED = BUILD=build/coverage SCRIPTS= EXAMPLES= \
    CFLAGS='-O0 -g --coverage -fprofile-update=atomic' \
    LDFLAGS='-Wl,--wrap=_exit build/coverage/dump.o'
# What goes other ways with a tail that is not small.
TAIL_MATTERS = $(patsubst %,build/coverage/test/%_test,api/damage api/verify \
    api/query_keys api/query_random api/space fault/room)
cover = @CK_TIMEOUT_MULTIPLIER=4 $(MAKE) --no-print-directory check $(COVERED)

compare = $(PYTHON) test/coverage/coverage.py build/coverage

## coverage    lines and branches of lib/ that no test visits, compared with
##             those that test/coverage/uncovered.txt gives a reason for
coverage:
	@rm -rf build/coverage/lib
	@mkdir -p build/coverage
	$(Q)$(CC) -std=c11 -O2 -c -o build/coverage/dump.o test/coverage/dump.c
	@$(MAKE) --no-print-directory cover-tests
	@$(compare) || { echo "coverage: once more, lest it was chance"; \
	    $(MAKE) --no-print-directory cover-tests && $(compare); }

# What they visit adds up.
cover-tests:
	$(cover) TEST_SCALE=5 TEST_FOLDERS=seam FUZZ=
	$(cover) TEST_SCALE=0.09 TEST_SEED=1 TEST_FOLDERS='unit sweep'
	$(cover) TEST_SCALE=0.1 TEST_SEED=1 TAIL=65536 FUZZ= \
	    TEST_FOLDERS='crash model fault api'
	$(cover) TEST_SCALE=0.1 TEST_SEED=1 FUZZ= TESTS='$(TAIL_MATTERS)'

## mutants     do the tests notice one mistake?  MUTANTS=200 of them, SEED=...
mutants:
	@mkdir -p build/mutants
	@MAKE='$(MAKE)' $(PYTHON) test/mutation/mutants.py build/mutants \
	    '$(strip $(MUTANTS))' '$(strip $(SEED))'

## power       loss of power at any moment, on all cores: POWER_SECONDS for each
##             kind of run, or POWER_BUDGET for all together; POWER_IMAGES at
##             least
power: $(OUT)/test/power/power_test
	@JOBS='$(JOBS)' POWER_SECONDS='$(strip $(POWER_SECONDS))' \
	    POWER_BUDGET='$(strip $(POWER_BUDGET))' \
	    POWER_IMAGES='$(strip $(POWER_IMAGES))' test/power/run.sh $<

## canaries    libraries with a rule broken each, which the tests must notice;
##             CANARIES="no-salt no-run": these alone
canaries: check-deps
	@OUT='$(OUT)' JOBS='$(JOBS)' test/canary/run.sh $(CANARIES)

## faults      calls of the system fail, in every way; FAULT_STRIDE=,
##             FAULT_SECONDS=, FAULT_LEAST=
faults: $(OUT)/test/sweep/sweep_test
	@FAULT_STRIDE='$(strip $(FAULT_STRIDE))' FAULT_JOBS='$(JOBS)' \
	    FAULT_SECONDS='$(strip $(FAULT_SECONDS))' \
	    FAULT_LEAST='$(strip $(FAULT_LEAST))' test/sweep/faults.sh $<

## blocks      loss of power on ext4: BLOCK_IMAGES of a disk; needs to be root
blocks: $(OUT)/test/blocks/blocks_test
	@BLOCK_IMAGES='$(strip $(BLOCK_IMAGES))' BLOCK_JOBS=4 $< || \
	    [ $$? -eq 77 ]

## kills       writers killed at any moment, KILLS of them at least
kills: $(OUT)/test/crash/kill_test $(OUT)/test/crash/tail_kill_test
	@OUT='$(OUT)' test/crash/kills.sh $(strip $(KILLS))

# What the languages of test/ffi need; what is there already may come from
# elsewhere.
FFI_PACKAGES = pkg-config g++ python3 ruby luajit nodejs npm \
    default-jdk-headless libjna-java rustc golang-go

## check-ffi   the library from other languages: programs of test/ffi, which
##             are examples too; FFI="python ruby", FFI_NEED=all
check-ffi:
	@CC='$(CC)' test/support/deps.sh install $(FFI_PACKAGES) || true
	@$(BUILD_ALL) all
	@OUT='$(strip $(BUILD))' CC='$(CC)' JOBS='$(JOBS)' \
	    FFI_NEED='$(strip $(FFI_NEED))' test/ffi/run.sh $(strip $(FFI))

## tests       build all that `make check` runs, and run nothing
tests: $(TESTS) $(FUZZ) $(SHIM) $(EXAMPLES) \
    $(if $(filter test/bench/%,$(SCRIPTS)),$(BENCH)) \
    $(if $(filter 1,$(SHARED)),,all)

## fuzz        look for bad input, FUZZ_SECONDS for each target; needs clang
fuzz:
	@command -v clang >/dev/null || { echo "make fuzz needs clang"; exit 1; }
	@$(BUILD_ALL) run-fuzzers CC=clang SAN=fuzzer-no-link,address,undefined

run-fuzzers: $(FUZZ:%=%er)
	@OUT='$(OUT)' FUZZ_SECONDS='$(strip $(FUZZ_SECONDS))' JOBS='$(JOBS)' \
	    test/fuzz/run.sh $^

## examples    the programs in docs/examples
examples: $(EXAMPLES)

# Whoever has the tree without its history needs nothing to read that.
GIT_HERE = $(if $(wildcard .git),git)

## demo        journal a real history, query it, kill a writer, show figures
demo:
	@CC='$(CC)' test/support/deps.sh install $(CLI_PACKAGES) \
	    $(if $(DEMO_REPO),git,$(GIT_HERE))
	@$(BUILD_ALL) all
	@JOURNAL='$(abspath $(COMMAND))' test/demo.sh

# What is left of it, by the program as text and as JSON, and as pictures.
RESULTS = $(OUT)/bench/results
measure = @mkdir -p $(1) && $(BENCH) $(BENCH_FILL) --out $(1) $(2) \
    $(BENCH_FLAGS) && BENCH_PYTHON='$(PYTHON)' test/bench/draw.sh $(1)

## bench       measure, in minutes; BENCH_FLAGS="--part appends,opens"
bench: $(BENCH) $(DYNAMIC)
	$(call measure,$(RESULTS)-quick,--quick)

## bench-all   what is published, some ten minutes; with BENCH_FLAGS=--large
##             up to ten million entries, and appends in all ways: an hour
bench-all: $(BENCH) $(DYNAMIC)
	$(call measure,$(RESULTS))

# ---- packages ---------------------------------------------------------------

## dist        the tree of the last commit as build/libjournal-VERSION.tar.gz,
##             the same bytes everywhere; DIRTY=1: with what is not committed
dist:
	@VERSION='$(VERSION)' DIRTY='$(strip $(DIRTY))' pkgconfig/dist.sh '$(OUT)'
	@echo '$(OUT)/libjournal-$(VERSION).tar.gz'

# What dpkg-buildpackage asks for; nocheck as it understands it.
DEB_NEEDS = build-essential dpkg-dev debhelper $(CLI_PACKAGES) $(GIT_HERE) \
    $(if $(findstring nocheck,$(DEB_BUILD_OPTIONS)),,check pkg-config)

## deb         Debian packages of that, or of a tree that came without git, in
##             build/deb
deb:
	@CC='$(CC)' test/support/deps.sh install $(DEB_NEEDS)
	@$(if $(GIT_HERE),$(MAKE) --no-print-directory dist)
	@VERSION='$(VERSION)' pkgconfig/deb.sh '$(OUT)'

## amalgamation  the library as one file, journal.c beside journal.h, in
##             build/amalgamation
amalgamation: $(JOINED)/journal.c

$(JOINED)/journal.c: $(LIB_SOURCES:%=lib/%) $(wildcard lib/*.h lib/*/*.h) \
    include/journal.h COPYING pkgconfig/amalgamate.py pkgconfig/c_source.py
	@command -v $(PYTHON) >/dev/null || \
	    { echo "make amalgamation needs $(PYTHON)"; exit 1; }
	$(call say,JOIN  $@)
	$(Q)$(PYTHON) pkgconfig/amalgamate.py $(@D) $(LIB_SOURCES)

# As whoever takes the one file compiles it, with what is asked of ours.
$(JOINED)/journal.o: $(JOINED)/journal.c $(OUT)/compiled-with | $(OUT)/needs
	$(call say,CC    $@)
	$(Q)$(CC) -std=c11 -Wall -Wextra -Werror $(CPPFLAGS) $(CFLAGS) \
	    $(SANITIZE) -c -o $@ $<

# The stem is NAME, of test/api/NAME_test.
$(JOINED)/%_test: $(OUT)/test/api/%_test.o $$(call shared_of,api) $(SUPPORT) \
    $(JOINED)/journal.o
	$(call say,LINK  $@)
	$(Q)$(LINK) $(WRAP_ALL) -o $@ $(filter %.o,$^) $(LDLIBS) $(CHECK_LIBS)

## abi         is the library what programs were built against?  test/abi
abi: lib
	@OUT='$(OUT)' CC='$(CC)' test/abi/run.sh check $(DYNAMIC)

## abi-update  from now on it is to be what it is now
abi-update: lib
	@OUT='$(OUT)' CC='$(CC)' test/abi/run.sh update $(DYNAMIC)

PACKAGES_NEED = check pkg-config clang git python3 abigail-tools cmake \
    dpkg-dev debhelper lintian libjansson-dev

## check-packages  what is made for others, tried as they would:
##             tarball, Debian packages, amalgamation, ABI, CMake
check-packages:
	@CC='$(CC)' test/support/deps.sh install $(PACKAGES_NEED)
	@$(BUILD_ALL) all $(AMALGAMATED:%=$(JOINED)/%)
	@OUT='$(OUT)' JOBS='$(JOBS)' CC='$(CC)' LIB_SOURCES='$(LIB_SOURCES)' \
	    test/run.sh $(wildcard test/packages/*_test.sh) \
	    $(AMALGAMATED:%=$(JOINED)/%)

# ---- upkeep -----------------------------------------------------------------

## deps        which dependencies are here, in which version
deps:
	@CC='$(CC)' test/support/deps.sh list

## check-deps  install the packages that `make check` needs, if any is missing
check-deps:
	@CC='$(CC)' test/support/deps.sh install check pkg-config \
	    $(CLI_PACKAGES)

## lint        layers, exports, man pages, format, static analysis
lint: lib
	@OUT='$(OUT)' LIB_SOURCES='$(LIB_SOURCES)' CLI_SOURCES='$(CLI_SOURCES)' \
	    LIB_FOLDERS='$(LIB_FOLDERS)' LIBRARY='$(DYNAMIC)' test/lint/run.sh

## format      write all C in the house format
format:
	clang-format -i $(wildcard include/*.h lib/*/*.[ch] test/*/*.[ch] \
	    test/ffi/*/*.[ch] test/ffi/*/*.[ch]pp \
	    docs/examples/*.c docs/examples/*/*.c)

## completions what shells complete, written anew from the command's own words
completions: $(COMMAND)
	@for shell in bash zsh fish; do \
	    JOURNAL=$(COMMAND) lib/cli/completions/generate.sh $$shell \
	        >$(OUT)/completions || exit 1; \
	    mv $(OUT)/completions lib/cli/completions/journal.$$shell; \
	done

## docs        all of docs/ and the manual as HTML, in build/docs
docs:
	@CC='$(CC)' test/support/deps.sh install lowdown mandoc
	@docs/html/build.sh $(OUT)/docs

## help        this list
help:
	@sed -n -e 's/^##  /      /p' -e 's/^## /make /p' Makefile

-include $(LIB_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d) $(TESTS:=.d) $(FUZZ:=.d) \
    $(SUPPORT:.o=.d) $(EXAMPLES:=.d) $(BENCH_OBJECTS:.o=.d) $(SHIM:.so=.d) \
    $(foreach folder,$(TEST_FOLDERS),$(patsubst %.o,%.d,$(call \
    shared_of,$(folder))))
