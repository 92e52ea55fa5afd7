# EPOLLEXCLUSIVE cannot be changed by MOD, so that each change of interest became DEL and ADD: four calls for an answer.
from kit import *


def server():
    c = first(listener())
    ep = select.epoll()
    ep.register(c, IN | EXCLUSIVE)
    answer = b""
    while True:
        for fd, events in ep.poll():
            mask = IN
            if events & OUT:
                c.send(answer)
            elif answer := c.recv(100):
                mask |= OUT
            else:
                return
            ep.unregister(c)
            ep.register(c, mask | EXCLUSIVE)


def client():
    c = connect()
    for _ in range(60):
        c.send(b"ping")
        c.recv(100)


run(server, client)
