# What the rebuilt bugs share. Each file is a server, and with the word client its client, which is not traced.
import select
import socket
import sys
import time

PORT = 8410
IN, OUT, ET = select.EPOLLIN, select.EPOLLOUT, select.EPOLLET
ONESHOT, EXCLUSIVE = select.EPOLLONESHOT, select.EPOLLEXCLUSIVE


def listener(backlog=64):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setblocking(False)
    s.bind(("127.0.0.1", PORT))
    s.listen(backlog)
    return s


def first(s):
    """The first connection, non-blocking."""
    select.select([s], [], [])
    c, _ = s.accept()
    c.setblocking(False)
    return c


def connect():
    return socket.create_connection(("127.0.0.1", PORT))


def run(server, client=None):
    if sys.argv[1:] == ["client"]:
        client()
    else:
        server()
