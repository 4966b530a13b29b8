/*
 * journal_calls.hpp - the second half of journal.hpp: options, queries, and the
 * journal itself.
 */
#ifndef JOURNAL_CALLS_HPP
#define JOURNAL_CALLS_HPP

#include "journal.hpp"

namespace ljournal
{

struct options : journal_options {
    explicit options(uint32_t of_flags = 0)
    {
        journal_options_init(this);
        flags = of_flags;
    }
};

/* A question, put together: query().key("k").reverse().limit(7). */
class query : private ::journal_query
{
  public:
    query() : journal_query()
    {
        journal_query_init(this);
    }

    query &
    key(std::string_view bytes)
    {
        return matching(JOURNAL_MATCH_KEY, bytes);
    }

    query &
    prefix(std::string_view bytes)
    {
        return matching(JOURNAL_MATCH_PREFIX, bytes);
    }

    query &
    expr(std::string_view bytes)
    {
        return matching(JOURNAL_MATCH_EXPR, bytes);
    }

    query &
    reverse()
    {
        return with(JOURNAL_QUERY_REVERSE);
    }

    query &
    latest()
    {
        return with(JOURNAL_QUERY_LATEST);
    }

    query &
    live()
    {
        return with(JOURNAL_QUERY_LIVE);
    }

    query &
    follow()
    {
        return with(JOURNAL_QUERY_FOLLOW);
    }

    query &
    first(uint64_t seq)
    {
        return set(&journal_query::first, seq);
    }

    query &
    limit(uint64_t seq)
    {
        return set(&journal_query::limit, seq);
    }

    query &
    since(uint64_t time)
    {
        return set(&journal_query::since, time);
    }

    query &
    until(uint64_t time)
    {
        return set(&journal_query::until, time);
    }

    query &
    first_revision(uint64_t revision)
    {
        return set(&journal_query::first_revision, revision);
    }

    const journal_query *
    get() const
    {
        return this;
    }

  private:
    query &
    matching(uint32_t how, std::string_view bytes)
    {
        match = how;
        journal_query::key = bytes.data();
        key_size = bytes.size();
        return *this;
    }

    query &
    with(uint32_t flag)
    {
        flags |= flag;
        return *this;
    }

    query &
    set(uint64_t journal_query::*field, uint64_t value)
    {
        this->*field = value;
        return *this;
    }
};

/* There is a call of the same name: here it takes the word `struct`. */
using figures = struct ::journal_stat;

struct report : journal_report {
    report() : journal_report()
    {
        struct_size = sizeof(journal_report);
    }
};

/* Told how far a long call has come; false stops it with ECANCELED.  What it
   throws comes out of the call, and never goes through C. */
class progress
{
  public:
    using function = std::function<bool(uint64_t done, uint64_t total)>;

    progress() = default;

    template <typename F, typename = std::enable_if_t<std::is_invocable_r_v<
                              bool, F, uint64_t, uint64_t>>>
    progress(F told) : told_(std::move(told))
    {
    }

    /* CALL takes a callback and its context. */
    template <typename Call>
    int
    during(Call call)
    {
        int result = told_ ? call(&progress::tell, this) : call(nullptr, this);

        if (thrown_)
            std::rethrow_exception(std::exchange(thrown_, nullptr));
        return result;
    }

  private:
    static int
    tell(void *context, uint64_t done, uint64_t total)
    {
        auto *self = static_cast<progress *>(context);

        try {
            return self->told_(done, total) ? 0 : 1;
        } catch (...) {
            self->thrown_ = std::current_exception();
            return 1;
        }
    }

    function told_;
    std::exception_ptr thrown_;
};

/* ---- journal ------------------------------------------------------------ */

/* May be used from several threads, but for close() and moves. */
class open_journal
{
  public:
    using nanoseconds = std::chrono::nanoseconds;

    explicit open_journal(const std::string &path,
                          const options &given = options())
        : handle_(opened(path, given))
    {
    }

    void
    close()
    {
        handle_.close();
    }

    uint64_t
    append(std::string_view key, std::string_view value)
    {
        return number(journal_append, key.data(), key.size(), value.data(),
                      value.size());
    }

    /* The number of the first; they have consecutive ones. */
    uint64_t
    append(const std::vector<record> &records)
    {
        static_assert(sizeof(record) == sizeof(journal_record));
        return number(journal_append_batch, records.data(), records.size());
    }

    uint64_t
    append_packed(std::string_view packed)
    {
        return number(journal_append_packed, packed.data(), packed.size(),
                      nullptr);
    }

    uint64_t
    erase(std::string_view key)
    {
        return number(journal_delete, key.data(), key.size());
    }

    void
    sync()
    {
        check(journal_sync(handle_.get()));
    }

    std::optional<entry>
    get(std::string_view key) const
    {
        return found(journal_get, key.data(), key.size());
    }

    std::optional<entry>
    get_at(std::string_view key, uint64_t limit) const
    {
        return found(journal_get_at, key.data(), key.size(), limit);
    }

    entry
    read(uint64_t seq) const
    {
        return *found(journal_read, seq);
    }

    uint64_t
    find_time(uint64_t time) const
    {
        return number(journal_find_time, time);
    }

    cursor
    replay(uint64_t first = none) const
    {
        return asked(journal_replay, first);
    }

    cursor
    query(const ljournal::query &question) const
    {
        return asked(journal_query, question.get());
    }

    /* False: that number is not there yet, after so long. */
    bool
    wait(uint64_t seq, nanoseconds timeout = nanoseconds(-1)) const
    {
        int result = journal_wait(handle_.get(), seq, timeout.count());

        if (result == JOURNAL_TIMEOUT)
            return false;
        check(result);
        return true;
    }

    /* SEEN is called for each entry that there is or that comes, until it
       returns false, or nothing was appended for so long. */
    template <typename Seen>
    void
    follow(ljournal::query question, nanoseconds timeout, Seen seen) const
    {
        cursor entries = query(question.follow());
        uint64_t size;

        do {
            /* Before looking: an append after that ends the wait at once. */
            size = stat().size;
            for (const auto &entry : entries) {
                if (!seen(entry))
                    return;
            }
        } while (wait(size, timeout));
    }

    uint64_t
    prune(uint64_t before, uint32_t flags = 0)
    {
        return number(journal_prune, before, flags);
    }

    void
    rewind(uint64_t size)
    {
        check(journal_rewind(handle_.get(), size));
    }

    void
    mark(const std::string &name, uint64_t seq)
    {
        check(journal_mark(handle_.get(), terminated(name), seq));
    }

    std::optional<uint64_t>
    marked(const std::string &name) const
    {
        uint64_t seq;
        int result = journal_marked(handle_.get(), terminated(name), &seq);

        if (result == JOURNAL_NOT_FOUND)
            return std::nullopt;
        check(result);
        return seq;
    }

    void
    unmark(const std::string &name)
    {
        check(journal_unmark(handle_.get(), terminated(name)));
    }

    std::vector<std::pair<std::string, uint64_t>>
    marks() const
    {
        std::vector<std::pair<std::string, uint64_t>> all;
        char name[JOURNAL_MARK_SIZE] = "";
        uint64_t seq;
        int result;

        while ((result = journal_next_mark(handle_.get(), name, &seq)) == 0)
            all.emplace_back(name, seq);
        if (result != JOURNAL_END)
            check(result);
        return all;
    }

    figures
    stat() const
    {
        figures now = {};

        now.struct_size = sizeof(now);
        check(journal_stat(handle_.get(), &now));
        return now;
    }

    /* Whether all is well; FOUND tells what is not. */
    bool
    verify(report &found, progress told = {}) const
    {
        int result = told.during([&](journal_progress call, void *context) {
            return journal_verify(handle_.get(), &found, call, context);
        });

        if (result == JOURNAL_CORRUPT)
            return false;
        check(result);
        return true;
    }

    void
    backup(const std::string &path, progress told = {}) const
    {
        check(told.during([&](journal_progress call, void *context) {
            return journal_backup(handle_.get(), terminated(path), 0, call,
                                  context);
        }));
    }

    static report
    salvage(const std::string &from, const std::string &to, progress told = {})
    {
        report found;

        check(told.during([&](journal_progress call, void *context) {
            return journal_salvage(terminated(from), terminated(to), &found,
                                   call, context);
        }));
        return found;
    }

    static void
    destroy(const std::string &path)
    {
        check(journal_destroy(terminated(path)));
    }

  private:
    /* A string may hold NUL, where a path or a name would end. */
    static const char *
    terminated(const std::string &text)
    {
        if (text.find('\0') != text.npos)
            throw std::invalid_argument("NUL in a path or name");
        return text.c_str();
    }

    static struct ::journal *
    opened(const std::string &path, const options &given)
    {
        struct ::journal *taken;

        check(journal_open(terminated(path), &given, &taken));
        return taken;
    }

    template <typename Call, typename... Arguments>
    uint64_t
    number(Call call, Arguments... arguments) const
    {
        uint64_t result;

        check(call(handle_.get(), arguments..., &result));
        return result;
    }

    template <typename Call, typename... Arguments>
    std::optional<entry>
    found(Call call, Arguments... arguments) const
    {
        journal_entry *taken;
        int result = call(handle_.get(), arguments..., &taken);

        if (result == JOURNAL_NOT_FOUND)
            return std::nullopt;
        check(result);
        return entry(taken);
    }

    template <typename Call, typename Argument>
    cursor
    asked(Call call, Argument argument) const
    {
        journal_cursor *taken;

        check(call(handle_.get(), argument, &taken));
        return cursor(taken);
    }

    handle<struct ::journal, journal_close> handle_;
};

} // namespace ljournal

#endif
