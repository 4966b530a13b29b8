# using.rb - claims of what a journal does for a program that asks rightly.
require_relative "claims"
require_relative "journal"

include Claims

# A journal in which number I is the change of k/I%3.
def filled(path, count = 10)
  journal = Journal.open(path, durable: false)
  records = Array.new(count) do |i|
    Journal::Record.new(key: "k/#{i % 3}", value: i.to_s)
  end
  journal.append_batch(records) if count.positive?
  journal
end

def numbers(cursor)
  cursor.map(&:seq).tap { cursor.close }
end

claim :what_is_appended_comes_back do |path|
  stamp = Journal::Stamp.new(7, "0123456789abcdef")
  Journal.open(path, new: true) do |j|
    assert_equal 0, j.append("\0\xff", "v\0")
    assert_equal 1, j.append("", "no key")
    assert_equal 2, j.append("empty", "")
    assert_equal 3, j.append_batch(
      [Journal::Record.new(key: "grün", value: "ü" * 300, meta: "me\0ta",
                           stamp: stamp),
       Journal::Record.new(key: "empty", tombstone: true)]
    )
    assert_equal 5, j.delete("never")
  end
  Journal.open(path, existing: true) do |j|
    first = j.read(0)
    assert_equal ["\0\xff".b, "v\0"], [first.key, first.value]
    assert_equal [nil, 1, false, nil], [first.prev, first.revision,
                                        first.tombstone?, first.stamp]
    assert (Time.now - first.time).abs < 3600
    green = j.get("grün")
    assert_equal ["ü" * 300, "me\0ta", stamp],
                 [green.value.force_encoding("UTF-8"), green.meta, green.stamp]
    assert_equal [true, 2], [j.read(4).tombstone?, j.read(4).prev]
    assert_equal ["", 0], [j.read(1).key, j.read(1).revision]
    assert_equal [nil, nil, nil], [j["empty"], j.get("none"), j["never"]]
    assert_equal [3], numbers(j.query(key: "grün"))
    assert_equal "", j.get_at("empty", 4).value
    assert_equal nil, j.get_at("empty", 5)
    assert_equal [0, 1, 2, 3, 4, 5], j.map(&:seq)
  end
end

claim :queries_choose do |path|
  filled(path).tap do |j|
    j.delete("k/1")
    { { key: "k/2" } => [2, 5, 8],
      { key: "k/2", reverse: true } => [8, 5, 2],
      { key: "k/2", first_revision: 2 } => [5, 8],
      { prefix: "k/", first: 3, limit: 5 } => [3, 4],
      { prefix: "" } => [*0..10],
      { expr: "*/1" } => [1, 4, 7, 10],
      { latest: true } => [8, 9, 10],
      { latest: true, live: true } => [8, 9],
      { latest: true, limit: 3 } => [0, 1, 2],
      { reverse: true, first: 8 } => [10, 9, 8] }.each do |wanted, found|
      assert_equal [wanted, found], [wanted, numbers(j.query(**wanted))]
    end
    assert_equal [8, 5, 2], numbers(j.history("k/2"))
    assert_equal [[9, 10], []], [numbers(j.replay(9)), numbers(j.replay(11))]
    present = j.query(latest: true, live: true).to_h { |e| [e.key, e.value] }
    assert_equal({ "k/2" => "8", "k/0" => "9" }, present)
  end.close
end

claim :times_are_found do |path|
  j = filled(path)
  sleep 0.002
  j.append("late", "")
  late = j.read(10)
  assert_equal [0, 10, 11], [0, late.time, late.nanoseconds + 1].map { |time|
    j.find_time(time)
  }
  assert_equal [10], numbers(j.query(since: late.nanoseconds))
  assert_equal [*0..9], numbers(j.query(until: late.nanoseconds))
end

claim :fill_gives_what_next_gives do |path|
  j = filled(path, 100)
  j.append_batch([Journal::Record.new(key: "s", value: "v", meta: "m",
                                      stamp: Journal::Stamp.new(1, "i" * 16)),
                  Journal::Record.new(key: "big", value: "x" * (1 << 20))])
  steps = j.replay.then { |cursor| Array.new(102) { cursor.step } }
  assert_equal steps, j.to_a
  [0, 1, 100, 400, 100_000].each do |size|
    cursor = j.replay
    entries = []
    until (piece = cursor.fill(size)).empty?
      entries += Journal::Entry.unpack(piece).to_a
    end
    assert_equal steps, entries
  end
  piece = j.replay(100).fill(4096)
  assert_equal 102, j.append_packed(piece)
  assert_equal ["v", "m", "i" * 16],
               j.read(102).then { |e| [e.value, e.meta, e.stamp.id] }
end

claim :what_was_read_does_not_change do |path|
  cursor = filled(path, 5000).replay
  first = cursor.step
  4999.times { cursor.step }
  assert_equal [0, "k/0", "0", true], [first.seq, first.key, first.value,
                                       first.frozen?]
end

claim :a_follower_gets_all_of_another_thread do |path|
  writer = Thread.new do
    Journal.open(path, durable: false) do |j|
      200.times { |i| j.append(i.odd? ? "odd" : "even", i.to_s) }
    end
  end
  Journal.open(path) do |j|
    seen = j.follow(key: "odd", timeout: 30).first(100)
    assert_equal (1..199).step(2).to_a, seen.map { |entry| entry.value.to_i }
    writer.join
    assert_equal 2, j.follow(first: 198, timeout: 0.01).count
    assert j.wait(199)
    assert !j.wait(200, timeout: 0)
    assert !j.wait(200, timeout: 0.15)
  end
end

claim :a_follower_gets_all_of_another_process do |path|
  Journal.open(path) do |j|
    child = fork do
      j.close
      Journal.open(path, durable: false) do |own|
        100.times { |i| own.append("k", i.to_s) }
      end
      exit! 0
    end
    assert_equal [*0..99], j.follow(timeout: 30).first(100).map { |entry|
      entry.value.to_i
    }
    assert Process.wait2(child)[1].success?
  end
end

claim :a_wait_can_be_interrupted do |path|
  Journal.open(path) do |j|
    waiting = Thread.new { j.wait(0) }
    sleep 0.02
    waiting.kill
    assert waiting.join(5)
    old = trap("USR1") { raise Interrupt }
    Thread.new { sleep 0.02 and Process.kill("USR1", Process.pid) }
    assert_raises(Interrupt) { j.wait(0) }
    trap("USR1", old)
  end
end

claim :marks_hold_entries do |path|
  j = filled(path)
  j.mark("mailer", 4)
  j.mark("büro", 10)
  assert_equal({ "büro" => 10, "mailer" => 4 }, j.marks)
  assert_equal [4, nil], [j.marked("mailer"), j.marked("none")]
  assert_equal [4, 4], [j.prune(8), j.stat.first]
  assert_equal 1, j.prune(5, past_marks: true)
  j.unmark("mailer")
  assert_raises(Journal::NotFound) { j.unmark("mailer") }
  assert_equal 3, j.prune(8)
  j.delete("k/2")
  assert_equal 2, j.prune(11, keep_latest: true, past_marks: true)
  assert_equal [9], numbers(j.replay)
  j.rewind(10)
  assert_equal 10, j.append("k", "")
  j.close
end

claim :figures_are_right do |path|
  j = filled(path)
  j.delete("k/0")
  j.sync
  stat = j.stat
  assert_equal [0, 11, 11, 11, 2, 1, 0],
               [stat.first, stat.size, stat.durable_size, stat.entries,
                stat.keys, stat.tombstones, stat.marks]
  assert_equal (11 * 3) + 10, stat.bytes_logical
  assert_equal [16, j.read(10).nanoseconds], [stat.id.bytesize, stat.last_time]
end

claim :copies_are_journals do |path|
  j = filled(path, 1000)
  told = 0
  well, report = j.verify { told += 1 }
  assert_equal [true, 1000, Journal::NONE],
               [well, report.entries_checked, report.first_bad]
  assert told.positive?
  j.backup("#{path}.copy")
  assert_raises(Journal::Exists) { j.backup("#{path}.copy") }
  assert_equal 1000, Journal.salvage("#{path}.copy", "#{path}.saved").salvaged
  Journal.open("#{path}.saved", read_only: true, immutable: true) do |saved|
    assert_equal j.to_a, saved.to_a
  end
end

claim :numbers_go_up_to_the_last do |path|
  Journal.open(path, first_seq: (2**64) - 3) do |j|
    assert_equal [(2**64) - 3, (2**64) - 2], [j.append("k", ""),
                                              j.append("k", "")]
    assert_equal (2**64) - 3, j.get("k").prev
    assert_raises(Journal::Full) { j.append("k", "") }
  end
end

claim :the_library_says_its_version do |_path|
  version = Journal::Native.version
  words = [version >> 16, version >> 8 & 255, version & 255].join(".")
  assert Journal::Native.version_string.to_s.include?(words)
end
