# A protocol of packets, each with its length before it. Under EPOLLET one packet is read for each report; two came at once.
import struct

from kit import *


def server():
    c = first(listener())
    time.sleep(0.1)  # both packets are here before the first wait
    ep = select.epoll()
    ep.register(c, IN | ET)
    for _ in range(3):
        for fd, events in ep.poll(0.7):
            (n,) = struct.unpack("!I", c.recv(4))
            if c.recv(n) == b"quit":
                return
            c.send(b"\0\0\0\2ok")


def client():
    c = connect()
    c.sendall(b"\0\0\0\5hello" + b"\0\0\0\4quit")
    c.recv(100)
    time.sleep(2)


run(server, client)
