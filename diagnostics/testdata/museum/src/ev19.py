# A program forks and goes on with its loop in both processes. Mended, the child makes an epoll instance of its own.
import os

from kit import *


def everybody(s):
    try:
        while True:
            yield s.accept()[0]
    except BlockingIOError:
        pass


def loop(ep, s):
    conns = {}
    end = time.time() + 2
    while time.time() < end:
        for fd, events in ep.poll(0.2):
            if fd == s.fileno():
                for c in everybody(s):
                    c.setblocking(False)
                    conns[c.fileno()] = c
                    ep.register(c, IN | ET)
            elif fd in conns:
                conns[fd].send(conns[fd].recv(100))


def server():
    s = listener()
    ep = select.epoll()
    ep.register(s, IN | ET | EXCLUSIVE)
    child = os.fork()
    if child == 0 and MENDED:
        ep.close()
        ep = select.epoll()
        ep.register(s, IN | ET | EXCLUSIVE)
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
