# refusing.rb - claims of what is refused, and of what misuse comes to.
require_relative "claims"
require_relative "journal"
require_relative "using"

claim :each_code_has_an_exception_name_and_text do |_path|
  assert_equal (-16..-1).to_a, Journal::ERRORS.keys.sort
  texts = Journal::ERRORS.map do |code, kind|
    error = Journal.error(code)
    words = error.name.delete_prefix("JOURNAL_").split("_").map(&:capitalize)
    assert_equal [kind, code, kind.name], [error.class, error.code,
                                           "Journal::#{words.join}"]
    error.message
  end
  assert_equal 16, texts.uniq.size
  assert_equal [Errno::EINVAL, Errno::ENOENT, "UNKNOWN"],
               [Journal.error(Errno::EINVAL::Errno).class,
                Journal.error(Errno::ENOENT::Errno).class,
                Journal.error(-99).name]
end

# Each row: an exception, and a block that raises it.
def assert_all_raise(rows)
  rows.each { |kind, call| assert_raises(kind, &call) }
end

claim :opening_refuses do |path|
  [[Journal::NotFound, [path], { existing: true }],
   [Journal::NotFound, [path], { read_only: true }],
   [Errno::EINVAL, [path], { new: true, existing: true }],
   [Errno::EINVAL, [path], { immutable: true }],
   [Errno::EINVAL, [path], { struct_size: 3 }],
   [Errno::EINVAL, [path], { flags: 1 << 31 }],
   [ArgumentError, [path], { colour: 1 }],
   [ArgumentError, ["#{path}\0hidden"], {}],
   [RangeError, [path], { first_seq: -1 }],
   [RangeError, [path], { first_seq: 2**64 }],
   [Errno::EINVAL, [path], { first_seq: Journal::NONE }],
   [Errno::EINVAL, [""], {}],
   [Errno::ENOENT, ["#{path}/none/deeper"], {}],
   [Errno::ENAMETOOLONG, ["x" * 5000], {}],
   [Journal::Unsupported, ["/dev/null"], {}]].each do |kind, (name), options|
    assert_raises(kind) { Journal.open(name, **options) }
  end
  assert !File.exist?(path)
  Journal.open(path, &:sync)
  assert_raises(Journal::Exists) { Journal.open(path, new: true) }
end

claim :appending_refuses do |path|
  make = Journal::Record.method(:new)
  Journal.open(path) do |j|
    j.append_batch([make[key: "k", stamp: Journal::Stamp.new(5, "i" * 16)]])
    [[Errno::EINVAL, []],
     [Errno::EINVAL, [make[tombstone: true]]],
     [Errno::EINVAL, [make[key: "k", value: "v", tombstone: true]]],
     [Journal::TooBig, [make[key: "k" * 65_536]]],
     [Journal::TooBig, [make[meta: "m" * 65_536]]],
     [Journal::Conflict, [make[key: "k", expect: :none]]],
     [Journal::Conflict, [make[key: "k", expect: 7]]],
     [Journal::Conflict, [make[key: "k", expect_seq: 2]]],
     [ArgumentError, [make[stamp: Journal::Stamp.new(9, "short")]]],
     [Journal::Outdated,
      [make[key: "a"],
       make[key: "k", stamp: Journal::Stamp.new(4, "i" * 16)]]]
    ].each { |kind, records| assert_raises(kind) { j.append_batch(records) } }
    assert_raises(NoMethodError) { j.append(nil, "") }
    assert_equal 1, j.append_batch([make[key: "k", expect: 0, expect_seq: 1],
                                    make[key: "new", expect: :none]])
    assert_raises(Journal::Conflict) { j.append("k", "v", expect: 0) }
    assert_raises(ArgumentError) do
      j.append("other", "v", expect: j.get("other")&.seq)
    end
    assert_raises(ArgumentError) { j.append("k", "v", expect_seq: nil) }
    packed = j.replay(0).fill(4096)
    (0...packed.bytesize).each do |size|
      next if [80 + 8, 144 + 8].include?(size) # whole entries

      assert_raises(Errno::EINVAL) { j.append_packed(packed[0, size]) }
    end
    assert_equal 3, j.stat.size
  end
end

claim :reading_refuses do |path|
  filled(path).tap { |j| j.prune(4) }.then do |j|
    assert_all_raise [
      [Journal::Pruned, -> { j.read(3) }],
      [Journal::OutOfRange, -> { j.read(10) }],
      [Journal::Pruned, -> { j.replay(3) }],
      [Journal::OutOfRange, -> { j.replay(11) }],
      [Journal::Pruned, -> { j.get_at("k/0", 4) }],
      [Errno::EINVAL, -> { j.get("") }],
      [Journal::TooBig, -> { j.get("k" * 65_536) }],
      [Errno::EINVAL, -> { j.query(expr: "a//b") }],
      [Errno::EINVAL, -> { j.query(follow: true, reverse: true) }],
      [Errno::EINVAL, -> { j.rewind(11) }],
      [Journal::OutOfRange, -> { j.mark("m", 11) }],
      [ArgumentError, -> { j.mark("m\0n", 5) }],
      [ArgumentError, -> { j.query(colour: "red") }],
      [Journal::Busy, -> { Journal.destroy(path) }]
    ]
    j.close
  end
  Journal.open(path, read_only: true) do |j|
    assert_all_raise(
      [-> { j.append("k", "") }, -> { j.delete("k") }, -> { j.prune(9) },
       -> { j.mark("m", 5) }, -> { j.sync }, -> { j.rewind(5) }].map do |call|
        [Journal::ReadOnly, call]
      end
    )
  end
end

claim :a_full_journal_can_be_pruned do |path|
  Journal.open(path, durable: false, bytes_max: 1 << 20) do |j|
    assert_raises(Journal::Full) { loop { j.append("k", "v" * 10_000) } }
    size = j.stat.size
    assert size > 10
    assert_equal [size, size], [j.prune(Journal::NONE),
                                j.append("k", "v" * 10_000)]
  end
end

claim :damage_is_told_and_the_rest_salvaged do |path|
  Journal.open(path) do |j|
    j.append_batch(Array.new(9) { |i|
      Journal::Record.new(key: "k", value: "value #{i}")
    })
  end
  data = File.binread("#{path}/data.mdb")
  File.binwrite("#{path}/data.mdb", data.sub("value 4".b, "value !".b))
  Journal.open(path) do |j|
    seen = []
    assert_raises(Journal::Corrupt) { j.read(4) }
    cursor = j.replay
    assert_raises(Journal::Corrupt) { cursor.each { |e| seen << e.seq } }
    cursor.each { |e| seen << e.seq }
    cursor.close
    assert_equal [*0..8] - [4], seen
    well, report = j.verify
    assert_equal [false, 4, 1], [well, report.first_bad, report.entries_bad]
  end
  assert_equal 8, Journal.salvage(path, "#{path}.saved").salvaged
  Journal.open("#{path}.saved") do |j|
    assert_raises(Journal::Pruned) { j.read(4) }
  end
end

claim :what_is_pruned_under_a_cursor_is_told_once do |path|
  Journal.open(path, durable: false) do |j|
    20.times { j.append("k", "v" * (1 << 20)) }
    cursor = j.replay
    assert_equal 0, cursor.next.seq
    j.prune(18)
    seen = []
    assert_raises(Journal::Pruned) { cursor.each { |e| seen << e.seq } }
    assert_equal [*1..seen.size], seen
    assert_equal [18, 19], numbers(cursor)
  end
end

claim :long_work_can_be_stopped_in_any_way do |path|
  j = filled(path, 1000)
  [j.method(:verify), -> (&told) { j.backup("#{path}.copy", &told) }].each do
    |work|
    assert_raises(ZeroDivisionError) { work.call { 1 / 0 } }
    assert_raises(Errno::ECANCELED) { work.call { true } }
    # What unwinds without an exception must not go through C either.
    assert_raises(Errno::ECANCELED) do
      catch(:enough) { work.call { throw :enough } }
    end
  end
  seen = 0
  j.verify { seen += 1 if j.get("k/0").seq == 999 }
  assert seen.positive?
  assert !File.exist?("#{path}.copy")
end

claim :a_closed_journal_says_so do |path|
  j = filled(path)
  cursor = j.replay
  assert_equal 0, cursor.next.seq
  2.times { j.close }
  assert_all_raise(
    [-> { j.append("k", "") }, -> { j.get("k") }, -> { j.stat },
     -> { j.marks }, -> { j.replay }].map { |call| [Journal::Closed, call] }
  )
  assert_equal [*1..9], cursor.map(&:seq)
  2.times { assert_equal nil, cursor.next }
  assert_raises(Journal::End) { cursor.step }
  2.times { cursor.close }
  assert_raises(IOError) { cursor.next }
  Journal.destroy(path)
end

claim :closing_waits_for_calls_in_progress do |path|
  j = Journal.open(path)
  waiting = Thread.new { j.wait(0, timeout: 30) }
  waiting.report_on_exception = false
  sleep 0.02
  j.close
  assert_raises(Journal::Closed) { waiting.value }
  Journal.destroy(path)
end

claim :what_is_not_closed_is_collected do |path|
  forget = lambda do
    filled(path, 2).tap { |j| j.replay.next }
    nil
  end
  20.times { forget.call }
  # The stack may still hold the last ones by chance; others fill it.
  tries = 0
  begin
    GC.start
    Journal.destroy(path)
  rescue Journal::Busy
    [*1..100].each { |i| i.to_s * 10 }
    retry if (tries += 1) < 50
    raise
  end
end

claim :buffers_may_move do |path|
  stressed = Thread.new { loop { GC.compact } }
  Journal.open(path, durable: false) do |j|
    records = Array.new(20) do |i|
      Journal::Record.new(key: "k#{i}", value: "v#{i}", meta: "m#{i}")
    end
    50.times { |i| j.append_batch(records) && j.append("a#{i}", "b#{i}") }
    j.each_slice(21).with_index do |slice, turn|
      slice.first(20).each_with_index do |entry, i|
        assert_equal ["k#{i}", "v#{i}", "m#{i}"],
                     [entry.key, entry.value, entry.meta]
      end
      assert_equal ["a#{turn}", "b#{turn}"], [slice[20].key, slice[20].value]
    end
  end
  stressed.kill.join
end

claim :four_threads_get_dense_numbers do |path|
  Journal.open(path) do |j|
    threads = Array.new(4) do |who|
      Thread.new { Array.new(50) { |i| j.append(who.to_s, i.to_s) } }
    end
    got = threads.map(&:value)
    got.each { |mine| assert_equal mine.sort, mine }
    assert_equal [*0..199], got.flatten.sort
    4.times do |who|
      assert_equal [*0..49], j.query(key: who.to_s).map { |e| e.value.to_i }
    end
  end
end

# Whether the block is true in a forked child.
def true_in_child?
  child = fork do
    so = false
    so = yield
  ensure
    exit!(so ? 0 : 1)
  end
  Process.wait2(child)[1].success?
end

claim :a_forked_child_opens_its_own do |path|
  j = filled(path, 1)
  assert(true_in_child? do
    assert_raises(Journal::Forked) { j.append("k", "") }
    j.close
    Journal.open(path) { |own| own.append("k", "child") } == 1
  end)
  assert_equal "child", j["k"]
  j.close
  Journal.open(path, exclusive: true) do |alone|
    assert(true_in_child? do
      alone.close
      assert_raises(Journal::Busy) { Journal.open(path) }
    end)
  end
end
