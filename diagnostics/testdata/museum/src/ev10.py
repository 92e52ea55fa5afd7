# A write came back short. Its rest is kept, but nobody asks for EPOLLOUT: it goes out when the client says something again.
from kit import *


def server():
    s = listener()
    ep = select.epoll()
    ep.register(s, IN)
    left, c = b"", None
    while True:
        for fd, events in ep.poll():
            if fd == s.fileno():
                c, _ = s.accept()
                c.setblocking(False)
                ep.register(c, IN)
                continue
            if events & IN:
                word = c.recv(100)
                if not word:
                    return
                if word == b"get\n":
                    left = b"x" * 8000000
            if left:
                try:
                    left = left[c.send(left):]
                except BlockingIOError:
                    pass
                if MENDED:
                    ep.modify(c, IN | OUT if left else IN)


def client():
    c = connect()
    c.send(b"get\n")
    time.sleep(0.1)
    c.settimeout(1.5)  # patience, and then it asks what the matter is
    got = 0
    while got < 8000000:
        try:
            got += len(c.recv(1 << 20))
        except TimeoutError:
            c.send(b"well?\n")


run(server, client)
