# Two events on one descriptor, both edge-triggered; when one is deleted the MOD for the other forgets EPOLLET.
from kit import *


def server():
    c, peer = socket.socketpair()
    c.setblocking(False)
    d, _ = socket.socketpair()
    ep = select.epoll()
    ep.register(c, OUT | ET)
    ep.modify(c, IN | OUT | ET)
    ep.register(d, OUT | ET)
    ep.modify(d, IN | OUT | ET)
    ep.poll(0.05)
    peer.send(b"hello")
    for fd, events in ep.poll():
        c.recv(100)
    ep.modify(d, OUT | ET)
    ep.modify(c, OUT)
    for _ in range(300):
        ep.poll()


run(server)
