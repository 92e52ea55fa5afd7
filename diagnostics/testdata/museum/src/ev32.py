# Edge-triggered connections. When a write came back short, EPOLLOUT is added with a MOD that forgets EPOLLET, and from then on
# the rest of a message that the handler leaves for later is reported without end. Mended, the mask is kept whole.
from kit import *


def server():
    s = listener()
    c = first(s)
    d = first(s)
    ep = select.epoll()
    ep.register(c, IN | ET)
    ep.register(d, IN | ET)
    ep.modify(d, IN | OUT | ET)
    ep.modify(d, IN | ET)
    if MENDED:
        ep.modify(c, IN | OUT | ET)
        ep.modify(c, IN | ET)
    else:
        ep.modify(c, IN | OUT)
        ep.modify(c, IN)
    for _ in range(100):
        if not ep.poll(0.2 if MENDED else -1):
            break
        if MENDED:
            c.recv(100)


def client():
    c, d = connect(), connect()
    time.sleep(0.1)
    c.send(b"hello")
    time.sleep(0.7)


run(server, client)
