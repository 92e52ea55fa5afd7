# A server on Python's selectors, or on its epoll, with one bug: selectors_bug.py unread|edge|full PORT N. It ends after N events of the
# bug and prints their number.
import resource
import select
import selectors
import socket
import sys

kind, port, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
counted = 0
listener = socket.create_server(("127.0.0.1", port), backlog=128)
listener.setblocking(False)


def count():
    global counted
    counted += 1
    if counted == most:
        print("counted", counted, flush=True)
        sys.exit()


def level():
    sel = selectors.DefaultSelector()
    sel.register(listener, selectors.EVENT_READ)
    if kind == "full":
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    while True:
        for key, _ in sel.select():
            if key.fileobj is not listener:
                if kind == "unread":
                    count()  # bug: nothing is read
                continue
            try:
                conn, _ = listener.accept()
            except OSError:
                count()  # bug: the connection stays where it is, and the listener is reported again
                continue
            conn.setblocking(False)
            sel.register(conn, selectors.EVENT_READ)


def edge():
    ep = select.epoll()
    ep.register(listener, select.EPOLLIN)
    conns = {}
    while True:
        ready = ep.poll(2)
        if not ready and conns:
            count()  # two seconds without an event
        for fd, _ in ready:
            if fd != listener.fileno():
                conns[fd].recv(1024)  # bug: once, whatever is left
                continue
            conn, _ = listener.accept()
            conn.setblocking(False)
            conns[conn.fileno()] = conn
            ep.register(conn, select.EPOLLIN | select.EPOLLET)


edge() if kind == "edge" else level()
