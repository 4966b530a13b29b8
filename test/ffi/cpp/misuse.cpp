/* misuse.cpp - what is refused, and what misuse comes to. */
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "check.hpp"
#include "journal.hpp"

using namespace std::literals;
using ljournal::errc;
using ljournal::open_journal;
using ljournal::options;
using ljournal::query;
using ljournal::record;

static void
each_code_is_an_error_with_a_text(const std::string &)
{
    std::set<std::string> texts;

    for (int code = JOURNAL_END; code >= JOURNAL_EXISTS; code--) {
        std::error_code error = error_of([&] { ljournal::check(code); });

        CHECK(error == static_cast<errc>(code) && error.value() == code);
        texts.insert(error.message());
        try {
            ljournal::check(code);
        } catch (const std::system_error &thrown) {
            CHECK(thrown.what() ==
                  journal_errname(code) + ": "s + journal_strerror(code));
        }
    }
    CHECK(texts.size() == 16);
    CHECK(error_of([] { ljournal::check(ENOENT); }) ==
          std::errc::no_such_file_or_directory);
    CHECK(journal_errname(0) == "OK"s && journal_errname(-99) == "UNKNOWN"s);
}

static void
opening_refuses(const std::string &path)
{
    auto opened = [&](const options &given) {
        return error_of([&] { open_journal j(path, given); });
    };
    options wrong(JOURNAL_OPEN_NEW);

    CHECK(opened(options(JOURNAL_OPEN_EXISTING)) == errc::not_found);
    CHECK(opened(options(JOURNAL_OPEN_READ_ONLY)) == errc::not_found);
    CHECK(opened(options(JOURNAL_OPEN_NEW | JOURNAL_OPEN_EXISTING)) ==
          std::errc::invalid_argument);
    wrong.struct_size = 3;
    CHECK(opened(wrong) == std::errc::invalid_argument);
    CHECK(
        throws<std::invalid_argument>([&] { open_journal j(path + "\0x"s); }));
    CHECK(error_of([&] { open_journal j(path + "/none/deeper"); }) ==
          std::errc::no_such_file_or_directory);
    CHECK(error_of([&] { open_journal j(std::string(5000, 'x')); }) ==
          std::errc::filename_too_long);
    CHECK(error_of([] { open_journal j("/dev/null"); }) == errc::unsupported);
    CHECK(!std::filesystem::exists(path));
    CHECK(!opened(options()));
    CHECK(opened(options(JOURNAL_OPEN_NEW)) == errc::exists);
}

static void
appending_refuses(const std::string &path)
{
    open_journal j(path);
    std::string huge(JOURNAL_KEY_MAX + 1, 'k');
    auto refused = [&](const std::vector<record> &records) {
        return error_of([&] { j.append(records); });
    };

    j.append({record("k", "1").stamped({5, {}})});
    CHECK(refused({}) == std::errc::invalid_argument);
    CHECK(refused({record::deletion("")}) == std::errc::invalid_argument);
    CHECK(refused({record(huge, "")}) == errc::too_big);
    CHECK(refused({record("k", "").with_meta(huge)}) == errc::too_big);
    CHECK(refused({record("k", "").if_latest(ljournal::none)}) ==
          errc::conflict);
    CHECK(refused({record("k", "").if_number(2)}) == errc::conflict);
    CHECK(refused({record("a", ""), record("k", "").stamped({4, {}})}) ==
          errc::outdated);
    CHECK(error_of([&] { j.append_packed("not so"); }) ==
          std::errc::invalid_argument);
    CHECK(!refused({record("k", "").if_latest(0).if_number(1)}));
    CHECK(j.stat().size == 2);
}

static void
reading_refuses(const std::string &path)
{
    open_journal j(path);

    j.append({record("k", "0"), record("k", "1"), record("k", "2")});
    j.prune(2);
    CHECK(error_of([&] { j.read(1); }) == errc::pruned);
    CHECK(error_of([&] { j.read(3); }) == errc::out_of_range);
    CHECK(error_of([&] { j.replay(1); }) == errc::pruned);
    CHECK(error_of([&] { j.replay(4); }) == errc::out_of_range);
    CHECK(error_of([&] { j.get_at("k", 2); }) == errc::pruned);
    CHECK(error_of([&] { j.get(""); }) == std::errc::invalid_argument);
    CHECK(error_of([&] { j.query(query().expr("a//b")); }) ==
          std::errc::invalid_argument);
    CHECK(error_of([&] { j.query(query().follow().reverse()); }) ==
          std::errc::invalid_argument);
    CHECK(error_of([&] { j.mark("m", 4); }) == errc::out_of_range);
    CHECK(error_of([&] { j.mark("", 1); }) == std::errc::invalid_argument);
    CHECK(error_of([&] { j.unmark("none"); }) == errc::not_found);
    CHECK(error_of([&] { open_journal::destroy(path); }) == errc::busy);
    open_journal reader(path, options(JOURNAL_OPEN_READ_ONLY));
    CHECK(error_of([&] { reader.append("k", ""); }) == errc::read_only);
    CHECK(error_of([&] { reader.sync(); }) == errc::read_only);
    CHECK(reader.get("k")->value() == "2");
}

static void
a_full_journal_can_be_pruned(const std::string &path)
{
    options small;
    small.bytes_max = 1 << 20;
    small.durability = JOURNAL_RELAXED;
    open_journal j(path, small);
    std::string value(10000, 'v');
    std::error_code error = error_of([&] {
        for (;;)
            j.append("k", value);
    });

    CHECK(error == errc::full);
    CHECK(j.stat().size > 10 && j.prune(ljournal::none) == j.stat().size);
    CHECK(!error_of([&] { j.append("k", value); }));
}

static void
flip_within(const std::string &path, const std::string &bytes)
{
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    std::string all(std::istreambuf_iterator<char>(file), {});
    size_t at = all.find(bytes);

    CHECK(at != all.npos);
    file.clear();
    file.seekp(static_cast<std::streamoff>(at));
    file.put('!');
}

static void
damage_is_told(const std::string &path)
{
    ljournal::report found;

    /* In one batch, so that no copy of it is left in the tail. */
    open_journal(path).append({record("k", "value 0"), record("k", "value 1"),
                               record("k", "value 2"), record("k", "value 3"),
                               record("k", "value 4"), record("k", "value 5")});
    flip_within(path + "/data.mdb", "value 4");
    open_journal j(path);
    ljournal::cursor cursor = j.replay();
    uint64_t seen = 0;

    CHECK(error_of([&] { j.read(4); }) == errc::corrupt);
    CHECK(error_of([&] {
              for (const auto &entry : cursor)
                  seen += entry.seq();
          }) == errc::corrupt);
    CHECK(seen == 0 + 1 + 2 + 3);
    for (const auto &entry : cursor)
        seen += entry.seq();
    CHECK(seen == 15 - 4);
    CHECK(!j.verify(found) && found.first_bad == 4);
    cursor.close();
    j.close();
    CHECK(open_journal::salvage(path, path + ".saved").salvaged == 5);
    CHECK(error_of([&] { open_journal(path + ".saved").read(4); }) ==
          errc::pruned);
}

static void
what_a_callback_throws_comes_out(const std::string &path)
{
    struct enough {
    };
    open_journal j(path);
    ljournal::report found;
    auto stop = [](uint64_t, uint64_t) -> bool { throw enough(); };
    auto no = [](uint64_t, uint64_t) { return false; };

    j.append("k", "v");
    CHECK(throws<enough>([&] { j.verify(found, stop); }));
    CHECK(throws<enough>([&] { j.backup(path + ".copy", stop); }));
    CHECK(error_of([&] { j.verify(found, no); }) ==
          std::errc::operation_canceled);
    CHECK(error_of([&] { j.backup(path + ".copy", no); }) ==
          std::errc::operation_canceled);
    CHECK(!std::filesystem::exists(path + ".copy"));
}

static void
handles_close_once(const std::string &path)
{
    std::optional<ljournal::cursor> cursor;

    try {
        open_journal j(path);
        j.append({record("k", "1"), record("k", "2")});
        cursor = j.replay();
        open_journal moved = std::move(j);
        CHECK(throws<std::logic_error>([&] { j.stat(); }));
        CHECK(moved.stat().size == 2);
        moved.close();
        moved.close();
        CHECK(throws<std::logic_error>([&] { moved.append("k", "3"); }));
        CHECK(throws<std::logic_error>([&] { moved.replay(); }));
        open_journal another(path);
        throw std::runtime_error("in the middle of it");
    } catch (const std::runtime_error &) {
    }
    CHECK(cursor->next()->value() == "1" && cursor->next()->value() == "2");
    CHECK(!cursor->next() && !cursor->next());
    cursor->close();
    cursor->close();
    CHECK(throws<std::logic_error>([&] { cursor->next(); }));
    CHECK(!error_of([&] { open_journal::destroy(path); }));
}

static void
four_threads_get_dense_numbers(const std::string &path)
{
    open_journal j(path);
    std::vector<uint64_t> got[4];
    std::vector<std::thread> threads;
    std::vector<uint64_t> all;

    for (auto &mine : got)
        threads.emplace_back([&] {
            for (int i = 0; i < 100; i++)
                mine.push_back(j.append("k", ""));
        });
    for (auto &thread : threads)
        thread.join();
    for (auto &mine : got) {
        CHECK(std::is_sorted(mine.begin(), mine.end()));
        all.insert(all.end(), mine.begin(), mine.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(all.size() == 400 && all.front() == 0 && all.back() == 399);
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

/* The status with which a child ends that does WORK. */
template <typename Work>
static int
status_of_child(Work work)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        _exit(work() ? 0 : 1);
    waitpid(child, &status, 0);
    return status;
}

static void
a_forked_child_opens_its_own(const std::string &path)
{
    open_journal j(path);

    j.append("k", "parent");
    CHECK(status_of_child([&] {
              if (error_of([&] { j.append("k", "x"); }) != errc::forked)
                  return false;
              j.close();
              return open_journal(path).append("k", "child") == 1;
          }) == 0);
    CHECK(j.get("k")->value() == "child" && j.append("k", "parent") == 2);
    j.close();
    open_journal exclusive(path, options(JOURNAL_OPEN_EXCLUSIVE));
    CHECK(status_of_child([&] {
              exclusive.close();
              return error_of([&] { open_journal other(path); }) == errc::busy;
          }) == 0);
}

void
misuse(const std::string &directory)
{
    CLAIM(each_code_is_an_error_with_a_text);
    CLAIM(opening_refuses);
    CLAIM(appending_refuses);
    CLAIM(reading_refuses);
    CLAIM(a_full_journal_can_be_pruned);
    CLAIM(damage_is_told);
    CLAIM(what_a_callback_throws_comes_out);
    CLAIM(handles_close_once);
    CLAIM(four_threads_get_dense_numbers);
    CLAIM(a_forked_child_opens_its_own);
}
