# EPOLLONESHOT, and one path out of the handler does not arm the descriptor again: what comes later is never reported.
from kit import *


def server():
    c = first(listener())
    c.setblocking(False)
    ep = select.epoll()
    ep.register(c, IN | ONESHOT)
    for _ in range(4):
        for fd, events in ep.poll(0.6):
            packet = c.recv(100)
            if packet != b"options":
                ep.modify(c, IN | ONESHOT)


def client():
    c = connect()
    for word in (b"invite", b"options", b"bye"):
        time.sleep(0.1)
        c.send(word)
    time.sleep(2.5)


run(server, client)
