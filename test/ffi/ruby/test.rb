# test.rb - does libjournal keep its promises to a program in Ruby?
$stdout.sync = true
require_relative "claims"
require_relative "using"
require_relative "refusing"

exit Claims.run(ENV.fetch("JOURNAL_WORK"))
