# cursor.rb - entries, handles, and the cursors that give the ones.
require_relative "errors"

class Journal
  NONE = 2**64 - 1
  TOMBSTONE = 1
  STAMPED = 4

  Stamp = Struct.new(:time, :id)

  # An entry as it was read.  All of it is Ruby's own: binary Strings.
  Entry = Struct.new(:seq, :nanoseconds, :prev, :revision, :key, :value, :meta,
                     :tombstone, :stamp) do
    alias_method :tombstone?, :tombstone

    def time
      Time.at(nanoseconds / 10**9, nanoseconds % 10**9, :nsec)
    end

    # Of the memory of a struct journal_entry.
    def self.from(pointer)
      seq, time, prev, revision, flags, _, stamp_time, stamp_id, *data =
        pointer[0, 112].unpack(Native::ENTRY)
      key, value, meta = data.each_slice(2).map do |at, size|
        Fiddle::Pointer.new(at)[0, size]
      end
      made(seq, time, prev, revision, key, value, meta, flags,
           Stamp.new(stamp_time, stamp_id))
    end

    # Each entry of PACKED, as journal_fill() writes them.
    def self.unpack(packed)
      return enum_for(:unpack, packed) unless block_given?

      at = 0
      while at < packed.bytesize
        total, flags, *numbers, key_size, meta_size, value_size, _ =
          packed.unpack(Native::PACKED, offset: at)
        stamped = flags & STAMPED != 0
        stamp = packed.unpack("Q<a16", offset: at + 56) if stamped
        key = at + (stamped ? 80 : 56)
        meta = key + key_size
        value = meta + meta_size
        yield made(*numbers, packed.byteslice(key, key_size),
                   packed.byteslice(value, value_size),
                   packed.byteslice(meta, meta_size), flags, Stamp.new(*stamp))
        at += total
      end
    end

    def self.made(seq, time, prev, revision, key, value, meta, flags, stamp)
      new(seq, time, prev == NONE ? nil : prev, revision, key, value, meta,
          flags & TOMBSTONE != 0, flags & STAMPED != 0 ? stamp : nil).freeze
    end
  end

  # A pointer of the library's, given back once: when it was closed and the
  # last call on it, in whatever thread, is over; or when its owner, who does
  # not know of it any more, has been collected.
  class Handle
    def initialize(pointer, close, owner)
      @pointer = pointer
      @close = close
      @lock = Mutex.new
      @calls = 0
      @closed = false
      # A method of this object, which holds nothing of the owner's.
      ObjectSpace.define_finalizer(owner, method(:finalize))
    end

    def use
      enter
      begin
        yield @pointer
      ensure
        leave
      end
    end

    def close
      @lock.synchronize do
        @closed = true
        give_back
      end
    end

    def closed?
      @closed
    end

    private

    def enter
      @lock.synchronize do
        raise Closed, "journal or cursor is closed" if @closed

        @calls += 1
      end
    end

    def leave
      @lock.synchronize do
        @calls -= 1
        give_back
      end
    end

    def give_back
      return unless @closed && @calls.zero? && @pointer

      @close.call(@pointer)
      @pointer = nil
    end

    # With no owner there is no call, and Ruby lets no lock be taken here.
    def finalize(_id)
      @closed = true
      give_back
    end
  end

  # Entries in turn.  Enumerable, once; after Pruned or Corrupt another `each`
  # goes on behind what is missing.  May outlive its journal.
  class Cursor
    include Enumerable

    BUFFER = 1 << 18

    def initialize(pointer)
      @handle = Handle.new(pointer, Native.method(:cursor_close), self)
      @turn = Mutex.new # a cursor serves a thread at a time
      @used = Native.memory(8)
      @ready = []
    end

    def close
      @handle.close
    end

    def each
      return to_enum unless block_given?

      while (entry = self.next)
        yield entry
      end
      self
    end

    # nil at the end.
    def next
      @turn.synchronize do
        @handle.use { nil } # what is ready is for an open cursor alone
        @ready = Entry.unpack(fill_buffer(BUFFER)).to_a if @ready.empty?
        @ready.shift
      end
    end

    # As many packed entries as fit into SIZE bytes, or what one alone takes;
    # empty at the end.
    def fill(size)
      @turn.synchronize { fill_buffer(size) }
    end

    # The next entry, by a call of its own; raises End.
    def step
      entry = Native.memory(8)
      @turn.synchronize do
        @handle.use do |pointer|
          Journal.check(Native.next(pointer, entry))
          Entry.from(entry.ptr)
        end
      end
    end

    private

    def fill_buffer(size)
      @buffer = Native.memory(size) if @buffer.nil? || @buffer.size < size
      result = @handle.use do |pointer|
        Native.fill(pointer, @buffer, size, @used, nil)
      end
      used = @used[0, 8].unpack1("Q")
      case result
      when 0 then @buffer[0, used]
      when -1 then "".b
      when -7 then fill_buffer(used)
      else raise Journal.error(result)
      end
    end
  end
end
