# A program forks and goes on with its loop in both processes; nobody made the child a new epoll instance.
import os

from kit import *


def loop(ep, s):
    conns = {}
    end = time.time() + 2
    while time.time() < end:
        for fd, events in ep.poll(0.2):
            if fd == s.fileno():
                try:
                    c, _ = s.accept()
                except BlockingIOError:
                    continue
                c.setblocking(False)
                conns[c.fileno()] = c
                ep.register(c, IN | ET)
            elif fd in conns:
                conns[fd].send(conns[fd].recv(100))


def server():
    s = listener()
    ep = select.epoll()
    ep.register(s, IN | ET)
    child = os.fork()
    loop(ep, s)
    if child == 0:
        os._exit(0)
    os.wait()


def client():
    time.sleep(0.2)
    cs = [connect() for _ in range(4)]
    for c in cs:
        c.settimeout(0.05)
        for _ in range(4):
            try:
                c.send(b"hello")
                c.recv(5)
            except OSError:
                pass  # told to the process that does not have it


run(server, client)
