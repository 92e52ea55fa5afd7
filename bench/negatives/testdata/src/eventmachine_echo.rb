# An echo server on EventMachine: eventmachine_echo.rb PORT select|epoll. SIGTERM ends it.
require 'eventmachine'

module Echo
  def receive_data(data)
    send_data data
  end
end

ARGV[1] == 'epoll' ? EM.epoll : EM.epoll = false
EM.run do
  Signal.trap('TERM') { EM.stop }
  EM.start_server '127.0.0.1', ARGV[0].to_i, Echo
end
