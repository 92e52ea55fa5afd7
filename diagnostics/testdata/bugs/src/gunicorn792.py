# Workers are forked after listen, and each watches the one listener with an instance of its own: all wake, one accepts.
import os

from kit import *


def worker(s):
    ep = select.epoll()
    ep.register(s, IN)
    while True:
        for fd, events in ep.poll():
            sum(range(60000))  # what the loop does first: its timers, its signals
            try:
                c, _ = s.accept()
            except BlockingIOError:
                continue
            if c.recv(100) == b"quit":
                return
            c.close()


def server():
    s = listener()
    for _ in range(4):
        if os.fork() == 0:
            worker(s)
            os._exit(0)
    for _ in range(4):
        os.wait()


def client():
    time.sleep(0.3)
    for word in [b"hello"] * 12 + [b"quit"] * 4:
        c = connect()
        c.send(word)
        c.recv(1)
        time.sleep(0.05)


run(server, client)
