# Two are reported together. The handler of the first closes the second and accepts: the new connection has its number, and
# gets its report. Mended, connections are closed after the batch.
from kit import *


def server():
    s = listener()
    conns, doomed = {}, []
    ep = select.epoll()
    for _ in range(2):
        c = first(s)
        conns[c.fileno()] = c
        ep.register(c, IN)
    time.sleep(0.3)  # both have spoken, and a third waits at the door
    for _ in range(2):
        for fd, events in ep.poll(0.3):
            try:
                word = conns[fd].recv(100)
            except BlockingIOError:
                continue
            if word.startswith(b"kick"):
                other = next(x for x in conns if x != fd)
                gone = conns.pop(other)
                if MENDED:
                    doomed.append(gone)
                    conns[other] = gone
                else:
                    gone.close()
                    c, _ = s.accept()
                    c.setblocking(False)
                    conns[c.fileno()] = c
                    ep.register(c, IN)
        for c in doomed:
            conns.pop(c.fileno())
            c.close()
            n = first(s)
            conns[n.fileno()] = n
            ep.register(n, IN)
        doomed = []


def client():
    a, b = connect(), connect()
    time.sleep(0.05)
    a.send(b"kick the other")
    time.sleep(0.02)
    b.send(b"hello")
    c = connect()
    c.send(b"first words")
    time.sleep(1)


run(server, client)
