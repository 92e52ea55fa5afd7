# A log socket that is not connected: send fails with ENOTCONN, the program waits for room, there is room, and send fails again. Mended,
# it is connected first.
from kit import *


def server():
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("\0evviz-ev38")
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if MENDED:
        s.connect("\0evviz-ev38")
    s.setblocking(False)
    ep = select.epoll()
    for _ in range(40):
        try:
            s.send(b"hello")
            break
        except OSError:
            ep.register(s, OUT)
            ep.poll(1)
            ep.unregister(s)


run(server)
