# native.rb - what journal.h declares, as Fiddle needs to be told.
require "fiddle"

class Journal
  # The calls, and the layout of what they are given, in the words of
  # Array#pack: L is a uint32_t, Q a uint64_t, J a pointer or a size.
  module Native
    OPTIONS = "L4Q6"
    QUERY = "L4JJQ5"
    RECORD = "J6L2Q2Qa16"
    ENTRY = "Q4L2Qa16J6"
    STAT = "L2Q15a16Q"
    REPORT = "L2Q9"
    # total, flags, seq, time, prev, revision, key, meta, value size, 0
    PACKED = "L<2Q<4L<4"

    # Of 152 bytes, say, as long as somebody has them.  Not a String: those may
    # move when garbage is collected, and may be shared until written to.
    def self.memory(size)
      Fiddle::Pointer.malloc([size, 1].max, Fiddle::RUBY_FREE)
    end

    def self.memory_of(bytes)
      memory(bytes.bytesize).tap { |copy| copy[0, bytes.bytesize] = bytes }
    end

    P = Fiddle::TYPE_VOIDP
    I = Fiddle::TYPE_INT
    N = -Fiddle::TYPE_LONG_LONG # unsigned
    Z = Fiddle::TYPE_SIZE_T
    LIBRARY = Fiddle.dlopen("libjournal.so.0")

    # Fiddle lets other threads run while a call lasts.
    def self.call(name, arguments, result = I)
      function = Fiddle::Function.new(LIBRARY["journal_#{name}"], arguments,
                                      result)
      define_singleton_method(name) { |*given| function.call(*given) }
    end

    call :open, [P, P, P]
    call :destroy, [P]
    call :append, [P, P, Z, P, Z, P]
    call :append_batch, [P, P, Z, P]
    call :append_packed, [P, P, Z, P, P]
    call :delete, [P, P, Z, P]
    call :sync, [P]
    call :get, [P, P, Z, P]
    call :get_at, [P, P, Z, N, P]
    call :read, [P, N, P]
    call :find_time, [P, N, P]
    call :replay, [P, N, P]
    call :query, [P, P, P]
    call :next, [P, P]
    call :fill, [P, P, Z, P, P]
    call :wait, [P, N, Fiddle::TYPE_LONG_LONG]
    call :prune, [P, N, -I, P]
    call :rewind, [P, N]
    call :mark, [P, P, N]
    call :marked, [P, P, P]
    call :unmark, [P, P]
    call :next_mark, [P, P, P]
    call :stat, [P, P]
    call :verify, [P, P, P, P]
    call :backup, [P, P, -I, P, P]
    call :salvage, [P, P, P, P, P]
    call :options_init, [P], Fiddle::TYPE_VOID
    call :query_init, [P], Fiddle::TYPE_VOID
    call :close, [P], Fiddle::TYPE_VOID
    call :cursor_close, [P], Fiddle::TYPE_VOID
    call :entry_free, [P], Fiddle::TYPE_VOID
    call :strerror, [I], P
    call :errname, [I], P
    call :version, [], -I
    call :version_string, [], P
  end
end
