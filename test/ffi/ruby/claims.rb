# claims.rb - a claim is a block that asserts, with a name.
#
# It is given the path of a journal that is not there yet.
module Claims
  class NotSo < StandardError; end

  ALL = {}

  module_function

  def claim(name, &block)
    ALL[name] = block
  end

  def assert(so, words = "not so")
    raise NotSo, words.to_s unless so
  end

  def assert_equal(expected, found)
    assert expected == found, "expected #{expected.inspect}, found " \
                              "#{found.inspect}"
  end

  def assert_raises(kind)
    yield
  rescue kind => e
    e
  else
    raise NotSo, "no #{kind}"
  end

  def passes(name, path)
    ALL[name].call(path)
    true
  rescue StandardError, NotImplementedError => e
    puts "not so: #{name}: #{e.class} #{e.message}", e.backtrace.first(5)
    false
  end

  def run(directory)
    passed = ALL.keys.count { |name| passes(name, "#{directory}/#{name}") }
    puts "#{passed} passed, #{ALL.size - passed} failed"
    passed == ALL.size
  end
end
