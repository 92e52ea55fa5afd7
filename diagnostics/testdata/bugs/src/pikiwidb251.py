# After a write said EAGAIN the worker asks for EPOLLOUT, writes the rest, and forgets to take EPOLLOUT away.
from kit import *


def server():
    c = first(listener())
    ep = select.epoll()
    ep.register(c, IN)
    left = b""
    for _ in range(400):
        for fd, events in ep.poll():
            if events & IN:
                c.recv(4096)
                left = b"x" * 8000000
            if left:
                try:
                    left = left[c.send(left):]
                except BlockingIOError:
                    ep.modify(c, IN | OUT)
                if left:
                    ep.modify(c, IN | OUT)


def client():
    c = connect()
    c.sendall(b"get\n")
    time.sleep(0.2)
    while c.recv(1 << 20):  # all of it, until the server has had enough
        pass


run(server, client)
