/*
 * journal.hpp - libjournal for C++17: handles that close themselves.
 *
 *     ljournal::open_journal accounts("accounts");
 *     accounts.append("alice", "10 EUR");
 *     for (const auto &entry : accounts.query(ljournal::query().prefix("al")))
 *         std::cout << entry.key() << ' ' << entry.value() << '\n';
 *
 * Handles can be moved and not copied; a handle that was closed, or moved away,
 * answers with std::logic_error.  What fails throws std::system_error, whose
 * code() compares with errc, or with std::errc where the result is an errno.
 * That a key is not there is no failure: get() gives an empty optional.
 */
#ifndef JOURNAL_HPP
#define JOURNAL_HPP

#include <cstring>
#include <chrono>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <journal.h>

namespace ljournal
{

/* ---- errors ------------------------------------------------------------- */

enum class errc {
    end = JOURNAL_END,
    not_found = JOURNAL_NOT_FOUND,
    pruned = JOURNAL_PRUNED,
    out_of_range = JOURNAL_OUT_OF_RANGE,
    conflict = JOURNAL_CONFLICT,
    outdated = JOURNAL_OUTDATED,
    too_big = JOURNAL_TOO_BIG,
    full = JOURNAL_FULL,
    read_only = JOURNAL_READ_ONLY,
    busy = JOURNAL_BUSY,
    corrupt = JOURNAL_CORRUPT,
    failed = JOURNAL_FAILED,
    unsupported = JOURNAL_UNSUPPORTED,
    timeout = JOURNAL_TIMEOUT,
    forked = JOURNAL_FORKED,
    exists = JOURNAL_EXISTS
};

class category_of_results : public std::error_category
{
  public:
    const char *
    name() const noexcept override
    {
        return "journal";
    }

    std::string
    message(int result) const override
    {
        return journal_strerror(result);
    }
};

inline const std::error_category &
category()
{
    static const category_of_results instance;
    return instance;
}

inline std::error_code
make_error_code(errc code)
{
    return {static_cast<int>(code), category()};
}

/* Throws unless RESULT is 0; what() begins with the code's name. */
inline void
check(int result)
{
    if (result == 0)
        return;
    throw std::system_error(result,
                            result < 0 ? category() : std::generic_category(),
                            journal_errname(result));
}

} // namespace ljournal

template <> struct std::is_error_code_enum<ljournal::errc> : std::true_type {
};

namespace ljournal
{

/* ---- entries ------------------------------------------------------------ */

inline constexpr uint64_t none = JOURNAL_NONE;

/* What an entry says, wherever it lies; valid as long as that. */
class entry_view
{
  public:
    explicit entry_view(const journal_entry &entry) : fields_(entry)
    {
    }

    uint64_t
    seq() const
    {
        return fields_.seq;
    }

    std::chrono::system_clock::time_point
    time() const
    {
        using namespace std::chrono;
        return system_clock::time_point(
            duration_cast<system_clock::duration>(nanoseconds(fields_.time)));
    }

    std::optional<uint64_t>
    prev() const
    {
        if (fields_.prev == none)
            return std::nullopt;
        return fields_.prev;
    }

    uint64_t
    revision() const
    {
        return fields_.revision;
    }

    bool
    tombstone() const
    {
        return (fields_.flags & JOURNAL_TOMBSTONE) != 0;
    }

    std::optional<journal_stamp>
    stamp() const
    {
        if ((fields_.flags & JOURNAL_STAMPED) == 0)
            return std::nullopt;
        return fields_.stamp;
    }

    std::string_view
    key() const
    {
        return {static_cast<const char *>(fields_.key), fields_.key_size};
    }

    std::string_view
    value() const
    {
        return {static_cast<const char *>(fields_.value), fields_.value_size};
    }

    std::string_view
    meta() const
    {
        return {static_cast<const char *>(fields_.meta), fields_.meta_size};
    }

    const journal_entry &
    fields() const
    {
        return fields_;
    }

  private:
    journal_entry fields_;
};

/* An entry of the caller's own. */
class entry : public entry_view
{
  public:
    explicit entry(journal_entry *taken) : entry_view(*taken), owned_(taken)
    {
    }

  private:
    struct freed {
        void
        operator()(journal_entry *taken) const
        {
            journal_entry_free(taken);
        }
    };

    std::unique_ptr<journal_entry, freed> owned_;
};

/* What is to be appended.  Keeps no bytes: they stay the caller's. */
class record : public journal_record
{
  public:
    record(std::string_view of_key, std::string_view of_value)
        : journal_record()
    {
        key = of_key.data();
        key_size = of_key.size();
        value = of_value.data();
        value_size = of_value.size();
    }

    static record
    deletion(std::string_view of_key)
    {
        record result(of_key, {});
        result.flags = JOURNAL_TOMBSTONE;
        return result;
    }

    record &
    with_meta(std::string_view bytes)
    {
        meta = bytes.data();
        meta_size = bytes.size();
        return *this;
    }

    /* Only if the key's latest entry is SEQ; none: if it has no entry. */
    record &
    if_latest(uint64_t seq)
    {
        flags |= JOURNAL_EXPECT;
        expect = seq;
        return *this;
    }

    record &
    if_number(uint64_t seq)
    {
        flags |= JOURNAL_EXPECT_SEQ;
        expect_seq = seq;
        return *this;
    }

    record &
    stamped(const journal_stamp &given)
    {
        flags |= JOURNAL_STAMPED;
        stamp = given;
        return *this;
    }
};

/* ---- handles ------------------------------------------------------------ */

/* A pointer of the library's; moved, never copied, given back once. */
template <typename T, void (*Close)(T *)> class handle
{
  public:
    explicit handle(T *taken) : owned_(taken)
    {
    }

    T *
    get() const
    {
        if (owned_ == nullptr)
            throw std::logic_error("the journal or cursor is closed");
        return owned_.get();
    }

    void
    close()
    {
        owned_.reset();
    }

  private:
    struct closed {
        void
        operator()(T *taken) const
        {
            Close(taken);
        }
    };

    std::unique_ptr<T, closed> owned_;
};

/*
 * Entries in turn, for a range-for.  An entry is valid until the next is asked
 * for.  After errc::pruned or errc::corrupt another begin() goes on behind what
 * is missing; after the end, with what a query that follows has got since.
 */
class cursor
{
  public:
    class iterator
    {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = entry_view;
        using difference_type = std::ptrdiff_t;
        using pointer = const entry_view *;
        using reference = const entry_view &;

        iterator() = default;

        explicit iterator(cursor &of) : cursor_(&of)
        {
            ++*this;
        }

        reference
        operator*() const
        {
            return *entry_;
        }

        pointer
        operator->() const
        {
            return &*entry_;
        }

        iterator &
        operator++()
        {
            entry_ = cursor_->next();
            return *this;
        }

        void
        operator++(int)
        {
            ++*this;
        }

        /* Only the end is ever compared with. */
        bool
        operator==(const iterator &other) const
        {
            return entry_.has_value() == other.entry_.has_value();
        }

        bool
        operator!=(const iterator &other) const
        {
            return !(*this == other);
        }

      private:
        cursor *cursor_ = nullptr;
        std::optional<entry_view> entry_;
    };

    explicit cursor(journal_cursor *taken) : handle_(taken)
    {
    }

    iterator
    begin()
    {
        return iterator(*this);
    }

    iterator
    end() const
    {
        return {};
    }

    std::optional<entry_view>
    next()
    {
        const journal_entry *fields;
        int result = journal_next(handle_.get(), &fields);

        if (result == JOURNAL_END)
            return std::nullopt;
        check(result);
        return entry_view(*fields);
    }

    /* Entries in the packed form, as many as fit into SIZE bytes, or what one
       alone takes; empty at the end. */
    std::string
    fill(size_t size)
    {
        std::string buffer(size, '\0');
        size_t used = 0;
        int result;

        while ((result = journal_fill(handle_.get(), buffer.data(),
                                      buffer.size(), &used, nullptr)) ==
               JOURNAL_TOO_BIG)
            buffer.resize(used);
        if (result == JOURNAL_END)
            return {};
        check(result);
        buffer.resize(used);
        return buffer;
    }

    void
    close()
    {
        handle_.close();
    }

  private:
    handle<journal_cursor, journal_cursor_close> handle_;
};

} // namespace ljournal

#include "journal_calls.hpp"

#endif
