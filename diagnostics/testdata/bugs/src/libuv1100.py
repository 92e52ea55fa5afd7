# A socket that another process holds too is closed without EPOLL_CTL_DEL: its events come for ever and cannot be stopped.
import os

from kit import *


def server():
    c = first(listener())
    ep = select.epoll()
    ep.register(c, IN)
    child = os.fork()
    if child == 0:
        time.sleep(0.6)  # it has inherited the connection
        os._exit(0)
    c.recv(100)
    fd = c.fileno()
    c.close()
    for _ in range(300):
        for fd, events in ep.poll(1):
            try:
                ep.unregister(fd)
            except OSError:
                pass  # EBADF
    os.wait()


def client():
    c = connect()
    c.send(b"hello")
    time.sleep(0.2)
    c.send(b"again")
    time.sleep(1)


run(server, client)
