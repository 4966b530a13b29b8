# journal.rb - libjournal for Ruby: Fiddle alone, nothing to install.
#
#     Journal.open("accounts") do |journal|
#       journal.append("alice", "10 EUR")
#       journal.query(prefix: "al").each { |entry| puts entry.value }
#     end
#
# Keys, values and metas are bytes: Strings of any encoding go in, binary ones
# come out.  That a key is not there is nil; what fails raises Journal::Error or
# a SystemCallError.  A journal may be used by several threads.
require_relative "cursor"

class Journal
  include Enumerable

  # What is to be appended.  expect: the number of the key's latest entry, or
  # :none; expect_seq: the number that this one gets.
  Record = Struct.new(:key, :value, :meta, :tombstone, :expect, :expect_seq,
                      :stamp, keyword_init: true)

  FLAGS = %i[existing new read_only exclusive immutable].freeze
  OPTIONS = %i[struct_size flags mode durability first_seq bytes_max
               keep_entries keep_bytes keep_ns tail_bytes].freeze
  QUERY_FLAGS = %i[reverse latest live follow].freeze
  LIMITS = %i[first limit since until first_revision].freeze
  STAT = Struct.new(:struct_size, :flags, :first, :size, :durable_size,
                    :entries, :keys, :tombstones, :bytes_logical, :bytes_used,
                    :bytes_file, :bytes_max, :tail_bytes_used, :tail_bytes,
                    :first_time, :last_time, :format, :id, :marks)
  REPORT = Struct.new(:struct_size, :flags, :entries_checked, :entries_bad,
                      :index_bad, :links_bad, :pages_bad, :first_bad,
                      :salvaged, :tail_records, :tail_bytes_discarded)

  class << self
    # With a block, the journal is closed behind it.
    def open(path, **options)
      journal = new(path, **options)
      return journal unless block_given?

      begin
        yield journal
      ensure
        journal.close
      end
    end

    def destroy(path)
      check(Native.destroy(terminated(path)))
    end

    def salvage(from, to, &progress)
      report(progress) do |memory, told|
        check(Native.salvage(terminated(from), terminated(to), memory, told,
                             nil))
      end
    end

    # Fiddle would cut off what does not fit.
    def number(value)
      raise RangeError, "#{value} is no 64-bit number" unless
        Integer === value && value.between?(0, NONE)

      value
    end

    # Paths and names end with a NUL, so that they cannot hold one.
    def terminated(text)
      text = text.to_s
      raise ArgumentError, "string contains null byte" if text.b.include?("\0")

      "#{text}\0"
    end

    # Yields memory for a report, and a callback; gives the report.
    def report(progress)
      memory = Native.memory(80)
      memory[0, 80] = [80, *[0] * 10].pack(Native::REPORT)
      with_progress(progress) { |told| yield memory, told }
      REPORT.new(*memory[0, 80].unpack(Native::REPORT))
    end

    # Yields a callback for PROGRESS.  true from that stops the call; what it
    # raises comes out of here, and must not go through C.
    def with_progress(progress)
      return yield(nil) unless progress

      raised = nil
      told = lambda do |_context, done, total|
        stop = 1
        begin
          stop = 0 unless progress.call(done, total) == true
        rescue Exception => e # rubocop:disable Lint/RescueException
          raised = e
        ensure
          return stop # rubocop:disable Lint/EnsureReturn: of `throw`, too
        end
      end
      types = [Fiddle::TYPE_VOIDP] + [-Fiddle::TYPE_LONG_LONG] * 2
      closure = Fiddle::Closure::BlockCaller.new(Fiddle::TYPE_INT, types, &told)
      begin
        yield closure.to_i
      ensure
        raise raised if raised
      end
    end
  end

  # FLAGS, true or not; durable: false; and fields of struct journal_options.
  def initialize(path, durable: true, **options)
    memory = Native.memory(64)
    Native.options_init(memory)
    fields = OPTIONS.zip(memory[0, 64].unpack(Native::OPTIONS)).to_h
    fields[:durability] = durable ? 0 : 1
    FLAGS.each_with_index do |flag, i|
      fields[:flags] |= 1 << i if options.delete(flag)
    end
    options.each do |name, value|
      raise ArgumentError, "no option #{name}" unless fields.key?(name)

      fields[name] = Journal.number(value)
    end
    memory[0, 64] = fields.values.pack(Native::OPTIONS)
    pointer = Native.memory(8)
    Journal.check(Native.open(Journal.terminated(path), memory, pointer))
    @handle = Handle.new(pointer.ptr, Native.method(:close), self)
  end

  def close
    @handle.close
  end

  def closed?
    @handle.closed?
  end

  # Each of these gives the number of the (first) entry.

  # more: meta, expect, expect_seq, stamp, as a Record has them.  An expectation
  # that is nil, as of a key that has no entry, is not one that is left out.
  def append(key, value, **more)
    %i[expect expect_seq].each do |name|
      next if more.fetch(name, :none)

      raise ArgumentError, "#{name} is nil; a key that must not be known has " \
                           ":none"
    end
    unless more.empty?
      return append_batch([Record.new(key: key, value: value, **more)])
    end
    number(:append, key, key.bytesize, value, value.bytesize)
  end

  def append_batch(records)
    # Until the call is over somebody must know these copies.
    kept = []
    packed = records.map { |record| pack(record, kept) }.join
    number(:append_batch, Native.memory_of(packed), records.size)
  end

  def append_packed(packed)
    number(:append_packed, packed, packed.bytesize, nil)
  end

  def delete(key)
    number(:delete, key, key.bytesize)
  end

  def sync
    call(:sync)
  end

  # The latest entry of KEY, or nil.
  def get(key)
    one(:get, key, key.bytesize)
  rescue NotFound
    nil
  end

  def get_at(key, limit)
    one(:get_at, key, key.bytesize, Journal.number(limit))
  rescue NotFound
    nil
  end

  def [](key)
    get(key)&.value
  end

  def read(seq)
    one(:read, Journal.number(seq))
  end

  def find_time(time)
    time = time.to_i * 10**9 + time.nsec if time.is_a?(Time)
    number(:find_time, Journal.number(time))
  end

  def replay(first = NONE)
    cursor(:replay, Journal.number(first))
  end

  def each(&block)
    block ? replay.each(&block) : replay.each
  end

  # key:, prefix: or expr:; QUERY_FLAGS, true or not; and LIMITS.
  def query(**wanted)
    memory = Native.memory(72)
    Native.query_init(memory)
    size, _, _, _, _, _, *limits = memory[0, 72].unpack(Native::QUERY)
    flags = QUERY_FLAGS.each_with_index.sum do |flag, i|
      wanted.delete(flag) ? 1 << i : 0
    end
    match = %i[key prefix expr].index { |how| wanted.key?(how) }
    key = match ? wanted.delete(%i[key prefix expr][match]) : ""
    bytes = Native.memory_of(key)
    limits = LIMITS.zip(limits).map do |name, value|
      Journal.number(wanted.delete(name) || value)
    end
    raise ArgumentError, "not known: #{wanted.keys}" unless wanted.empty?

    memory[0, 72] = [size, flags, match ? match + 1 : 0, 0, bytes.to_i,
                     key.bytesize, *limits].pack(Native::QUERY)
    cursor(:query, memory)
  end

  # The entries of KEY, newest first.
  def history(key)
    query(key: key, reverse: true)
  end

  # Yields what there is and what is appended from now on; ends when nothing
  # has been appended for TIMEOUT seconds.
  def follow(timeout: nil, **question, &block)
    return to_enum(:follow, timeout: timeout, **question) unless block

    entries = query(follow: true, **question)
    loop do
      # Before looking: an append after that ends the wait at once.
      size = stat.size
      entries.each(&block)
      return unless wait(size, timeout: timeout)
    end
  ensure
    entries&.close
  end

  # Whether entry SEQ is there, after TIMEOUT seconds at most.  A call cannot be
  # interrupted, so none lasts longer than it takes to notice a signal.
  def wait(seq, timeout: nil)
    ends = Process.clock_gettime(Process::CLOCK_MONOTONIC) +
           (timeout || Float::INFINITY)
    loop do
      left = ends - Process.clock_gettime(Process::CLOCK_MONOTONIC)
      call(:wait, Journal.number(seq), (left.clamp(0, 0.1) * 10**9).to_i)
      return true
    rescue Timeout
      return false if left <= 0
    end
  end

  def mark(name, seq)
    call(:mark, Journal.terminated(name), Journal.number(seq))
  end

  def marked(name)
    number(:marked, Journal.terminated(name))
  rescue NotFound
    nil
  end

  def unmark(name)
    call(:unmark, Journal.terminated(name))
  end

  # A Hash of names and numbers.
  def marks
    name = Native.memory_of("\0" * 256)
    all = {}
    loop do
      seq = number(:next_mark, name)
      all[name.to_s.force_encoding(Encoding::UTF_8)] = seq
    rescue End
      return all
    end
  end

  def prune(before, keep_latest: false, past_marks: false)
    flags = (keep_latest ? 1 : 0) | (past_marks ? 2 : 0)
    number(:prune, Journal.number(before), flags)
  end

  def rewind(size)
    call(:rewind, Journal.number(size))
  end

  def stat
    memory = Native.memory(152)
    memory[0, 4] = [152].pack("L")
    call(:stat, memory)
    STAT.new(*memory[0, 152].unpack(Native::STAT))
  end

  # Whether all is well, and the report.
  def verify(&progress)
    well = true
    report = Journal.report(progress) do |memory, told|
      call(:verify, memory, told, nil)
    rescue Corrupt
      well = false
    end
    [well, report]
  end

  def backup(path, &progress)
    Journal.with_progress(progress) do |told|
      call(:backup, Journal.terminated(path), 0, told, nil)
    end
  end

  private

  def call(name, *arguments)
    @handle.use do |pointer|
      Journal.check(Native.public_send(name, pointer, *arguments))
    end
  end

  # Calls what gives a number at its end.
  def number(name, *arguments)
    result = Native.memory(8)
    call(name, *arguments, result)
    result[0, 8].unpack1("Q")
  end

  def one(name, *arguments)
    entry = Native.memory(8)
    call(name, *arguments, entry)
    begin
      Entry.from(entry.ptr)
    ensure
      Native.entry_free(entry.ptr)
    end
  end

  def cursor(name, argument)
    pointer = Native.memory(8)
    call(name, argument, pointer)
    Cursor.new(pointer.ptr)
  end

  def pack(record, kept)
    data = [record.key, record.value, record.meta].flat_map do |bytes|
      kept << Native.memory_of(bytes || "")
      [kept.last.to_i, (bytes || "").bytesize]
    end
    flags = (record.tombstone ? TOMBSTONE : 0) | (record.expect ? 2 : 0) |
            (record.stamp ? STAMPED : 0) | (record.expect_seq ? 8 : 0)
    expect = record.expect == :none ? NONE : record.expect || 0
    stamp = record.stamp || Stamp.new(0, "")
    raise ArgumentError, "an id has 16 bytes" if record.stamp &&
                                                 stamp.id.bytesize != 16

    [*data, flags, 0, Journal.number(expect),
     Journal.number(record.expect_seq || 0), Journal.number(stamp.time),
     stamp.id].pack(Native::RECORD)
  end
end
