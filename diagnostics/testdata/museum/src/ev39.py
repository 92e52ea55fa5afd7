# A log server reads messages of 2,000 bytes into a buffer of 512: the rest of each is thrown away, and recvmsg says so with MSG_TRUNC.
# Mended, the buffer holds the longest message.
from kit import *


def server():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    b.setblocking(False)
    ep = select.epoll()
    ep.register(b, IN)
    room = 65536 if MENDED else 512
    for _ in range(5):
        a.send(b"x" * 2000)
        for fd, _ in ep.poll():
            b.recvmsg(room)


run(server)
