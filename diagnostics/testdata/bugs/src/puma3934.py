# Every worker watches the listener with EPOLLEXCLUSIVE. No herd; but the kernel keeps waking the same one.
import os

from kit import *


def worker(s):
    ep = select.epoll()
    ep.register(s, IN | EXCLUSIVE)
    while True:
        for fd, events in ep.poll():
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
    for word in [b"hello"] * 40 + [b"quit"] * 4:
        c = connect()
        c.send(word)
        c.recv(1)
        time.sleep(0.02)


run(server, client)
