# errors.rb - an exception for each error that the library gives.
require_relative "native"

class Journal
  # One of the library's own codes.  An errno is a SystemCallError, such as
  # Errno::EINVAL, as everywhere in Ruby.
  class Error < StandardError
    attr_reader :code, :name

    def initialize(code)
      @code = code
      @name = Native.errname(code).to_s
      super(Native.strerror(code).to_s)
    end
  end

  # What is used after it was closed, as for an IO.
  class Closed < IOError; end

  NAMES = %i[End NotFound Pruned OutOfRange Conflict Outdated TooBig Full
             ReadOnly Busy Corrupt Failed Unsupported Timeout Forked
             Exists].freeze
  ERRORS = NAMES.each_with_index.to_h do |name, i|
    [-1 - i, const_set(name, Class.new(Error))]
  end.freeze

  def self.error(result)
    return SystemCallError.new(nil, result) if result.positive?

    ERRORS.fetch(result, Error).new(result)
  end

  def self.check(result)
    raise error(result) unless result.zero?
  end
end
