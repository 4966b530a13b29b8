/* use.cpp - what a journal does for a program that asks rightly. */
#include <atomic>
#include <thread>

#include "check.hpp"
#include "journal.hpp"

using namespace std::literals;
using ljournal::open_journal;
using ljournal::query;
using ljournal::record;
using numbers = std::vector<uint64_t>;

static numbers
numbers_of(ljournal::cursor cursor)
{
    numbers all;

    for (const auto &entry : cursor)
        all.push_back(entry.seq());
    return all;
}

static numbers
from_to(uint64_t first, uint64_t limit)
{
    numbers all;

    while (first < limit)
        all.push_back(first++);
    return all;
}

/* Number I is the change of k/I%3. */
static open_journal
filled(const std::string &path, int count = 10)
{
    ljournal::options options;
    options.durability = JOURNAL_RELAXED;
    open_journal made(path, options);

    for (int i = 0; i < count; i++)
        made.append("k/" + std::to_string(i % 3), std::to_string(i));
    return made;
}

static const journal_stamp stamp = {7, {1, 2, 3, 0, 5}};

static void
what_is_appended_comes_back(const std::string &path)
{
    {
        open_journal j(path, ljournal::options(JOURNAL_OPEN_NEW));

        CHECK(j.append("key", "value") == 0);
        CHECK(j.append({record("a\0b"sv, "\0\xff"sv).with_meta("me\0ta"sv),
                        record("", "without key"),
                        record("empty", "").stamped(stamp),
                        record::deletion("key")}) == 1);
        CHECK(j.erase("never") == 5);
    }
    open_journal j(path, ljournal::options(JOURNAL_OPEN_EXISTING));
    ljournal::entry binary = j.read(1);

    CHECK(binary.key() == "a\0b"sv && binary.value() == "\0\xff"sv);
    CHECK(binary.meta() == "me\0ta"sv && binary.revision() == 1);
    CHECK(!binary.prev() && !binary.stamp() && !binary.tombstone());
    CHECK(j.read(2).key().empty() && j.read(2).revision() == 0);
    CHECK(j.get("empty")->value().empty());
    CHECK(j.get("empty")->stamp()->time == 7);
    CHECK(std::memcmp(j.get("empty")->stamp()->id, stamp.id, 16) == 0);
    CHECK(j.read(4).tombstone() && j.read(4).prev() == 0);
    CHECK(!j.get("key") && !j.get("none"));
    CHECK(j.get_at("key", 4)->value() == "value" && !j.get_at("key", 5));
    CHECK(std::chrono::system_clock::now() - binary.time() < 1h);
    CHECK(numbers_of(j.replay()) == from_to(0, 6));
}

static void
queries_choose(const std::string &path)
{
    open_journal j = filled(path);

    j.erase("k/1");
    CHECK(numbers_of(j.query(query().key("k/2"))) == numbers({2, 5, 8}));
    CHECK(numbers_of(j.query(query().key("k/2").reverse())) ==
          numbers({8, 5, 2}));
    CHECK(numbers_of(j.query(query().key("k/2").first_revision(2))) ==
          numbers({5, 8}));
    CHECK(numbers_of(j.query(query().prefix("k/").first(3).limit(5))) ==
          numbers({3, 4}));
    CHECK(numbers_of(j.query(query().expr("*/1"))) == numbers({1, 4, 7, 10}));
    CHECK(numbers_of(j.query(query().latest())) == numbers({8, 9, 10}));
    CHECK(numbers_of(j.query(query().latest().live())) == numbers({8, 9}));
    CHECK(numbers_of(j.query(query().latest().limit(3))) == from_to(0, 3));
    CHECK(numbers_of(j.replay(9)) == numbers({9, 10}));
    CHECK(numbers_of(j.replay(11)).empty());
}

static void
times_are_found(const std::string &path)
{
    open_journal j = filled(path);

    std::this_thread::sleep_for(2ms);
    j.append("late", "");
    uint64_t late = j.read(10).fields().time;
    CHECK(j.find_time(0) == 0 && j.find_time(late) == 10);
    CHECK(j.find_time(late + 1) == 11);
    CHECK(numbers_of(j.query(query().since(late))) == numbers({10}));
    CHECK(numbers_of(j.query(query().until(late))) == from_to(0, 10));
}

static uint32_t
u32_at(std::string_view bytes, size_t at)
{
    uint32_t value;

    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
}

/* Goes through PACKED by the drawing in journal.h, beside journal_next(). */
static void
compare_packed(std::string_view packed, ljournal::cursor &beside)
{
    while (!packed.empty()) {
        auto expected = beside.next();
        size_t at = u32_at(packed, 4) & JOURNAL_STAMPED ? 80 : 56;
        std::string_view key = packed.substr(at, u32_at(packed, 40));
        at += key.size();
        std::string_view meta = packed.substr(at, u32_at(packed, 44));
        at += meta.size();
        std::string_view value = packed.substr(at, u32_at(packed, 48));

        if (!CHECK(expected && expected->key() == key))
            return;
        CHECK(expected->value() == value && expected->meta() == meta);
        CHECK(u32_at(packed, 8) == expected->seq());
        packed.remove_prefix(u32_at(packed, 0));
    }
}

static void
packed_entries_are_those_of_next(const std::string &path)
{
    open_journal j = filled(path);
    std::string big(1 << 20, 'x');

    j.append({record("s", "v").stamped(stamp), record("b", big)});
    for (size_t size : {0, 1, 100, 400, 100000}) {
        ljournal::cursor packed = j.replay();
        ljournal::cursor beside = j.replay();

        for (std::string piece; !(piece = packed.fill(size)).empty();)
            compare_packed(piece, beside);
        CHECK(!beside.next());
    }
    std::string all = j.replay().fill(4 << 20);
    CHECK(j.append_packed(all) == 12 && j.stat().size == 24);
    CHECK(j.read(23).value() == big);
}

static void
a_follower_gets_all(const std::string &path)
{
    open_journal j = filled(path, 0);
    std::thread writer([&] {
        for (int i = 0; i < 200; i++)
            j.append(i % 2 ? "odd" : "even", std::to_string(i));
    });
    numbers seen;

    j.follow(query().key("odd"), 30s, [&](const auto &entry) {
        seen.push_back(std::stoull(std::string(entry.value())));
        return seen.size() < 100;
    });
    writer.join();
    CHECK(seen.size() == 100 && seen.front() == 1 && seen.back() == 199);
    for (size_t i = 0; i < seen.size(); i++)
        CHECK(seen[i] == 2 * i + 1);
    size_t rest = 0;
    j.follow(query().first(198), 10ms, [&](const auto &) { return ++rest; });
    CHECK(rest == 2);
    CHECK(j.wait(199) && !j.wait(200, 0s) && !j.wait(200, 10ms));
}

static void
upkeep_works(const std::string &path)
{
    open_journal j = filled(path);

    j.mark("mailer", 4);
    j.mark("büro", 10);
    CHECK(j.marks() == decltype(j.marks()){{"büro", 10}, {"mailer", 4}});
    CHECK(j.marked("mailer") == 4 && !j.marked("none"));
    CHECK(j.prune(8) == 4 && j.stat().first == 4 && j.stat().marks == 2);
    j.unmark("mailer");
    CHECK(j.prune(8) == 4 && numbers_of(j.replay()) == numbers({8, 9}));
    j.append("k/2", "new");
    CHECK(j.prune(11, JOURNAL_PRUNE_KEEP_LATEST | JOURNAL_PRUNE_PAST_MARKS) ==
          1);
    CHECK(numbers_of(j.replay()) == numbers({9, 10}));
    j.rewind(10);
    CHECK(j.marked("büro") == 10 && j.append("k", "") == 10);
    j.sync();
    CHECK(j.stat().durable_size == 11 && j.stat().entries == 2);
}

static void
copies_are_journals(const std::string &path)
{
    open_journal j = filled(path, 1000);
    uint64_t told = 0;
    ljournal::report found;

    CHECK(j.verify(found, [&](uint64_t, uint64_t) { return ++told > 0; }));
    CHECK(found.entries_checked == 1000 && found.entries_bad == 0 && told > 0);
    j.backup(path + ".copy");
    CHECK(open_journal(path + ".copy").get("k/0")->value() == "999");
    CHECK(open_journal::salvage(path + ".copy", path + ".saved").salvaged ==
          1000);
    CHECK(numbers_of(open_journal(path + ".saved").replay()) ==
          from_to(0, 1000));
}

void
use(const std::string &directory)
{
    CLAIM(what_is_appended_comes_back);
    CLAIM(queries_choose);
    CLAIM(times_are_found);
    CLAIM(packed_entries_are_those_of_next);
    CLAIM(a_follower_gets_all);
    CLAIM(upkeep_works);
    CLAIM(copies_are_journals);
}
