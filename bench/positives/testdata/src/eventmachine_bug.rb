# An EventMachine server whose handler blocks: eventmachine_bug.rb select|epoll PORT N select|sleep. It ends after N blocked handlers and
# prints their number.
require 'eventmachine'

KIND, PORT, MOST, HOW = ARGV
$counted = 0

module Blocking
  def receive_data(data)
    HOW == 'select' ? IO.select(nil, nil, nil, 0.2) : sleep(0.2)
    $counted += 1
    send_data "done\n"
    EM.add_timer(0.05) { EM.stop } if $counted == MOST.to_i
  end
end

KIND == 'epoll' ? EM.epoll : EM.epoll = false
EM.run { EM.start_server '127.0.0.1', PORT.to_i, Blocking }
puts "counted #{$counted}"
