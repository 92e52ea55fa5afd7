# A program in a state that a look can judge: patient.py CASE [TWIN]. It prints "ready" when it is in it, and ends with its standard input.
import os, select, socket, sys, threading, time

case, twin = sys.argv[1], len(sys.argv) > 2
keep = []


def tcp():
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    l.listen(16)
    c = socket.create_connection(l.getsockname())
    s, _ = l.accept()
    s.setblocking(False)
    l.setblocking(False)
    keep.extend([l, c, s])
    return l, c, s


def ready(ep=None, timeout=-1):
    """Says so once the thread is about to wait, and waits until the standard input ends."""

    def end():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end, daemon=True).start()
    print("ready", flush=True)
    while True:
        if ep is None:
            time.sleep(3600)
        else:
            ep.poll(timeout)


def stranded():
    l, c, s = tcp()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN | select.EPOLLET)
    c.sendall(b"x" * 5000)
    while not ep.poll():
        pass
    time.sleep(0.05)  # all of it has come
    if not twin:
        s.recv(100)
    else:
        try:
            while s.recv(100):
                pass
        except BlockingIOError:
            pass
    while ep.poll(0):
        pass
    print("fd", s.fileno(), flush=True)
    ready(ep)


def oneshot():
    l, c, s = tcp()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN | select.EPOLLONESHOT)
    c.sendall(b"x" * 300)
    while not ep.poll():
        pass
    if twin:
        s.recv(1000)
        ep.modify(s, select.EPOLLIN | select.EPOLLONESHOT)
    print("fd", s.fileno(), flush=True)
    ready(ep)


def dup():
    l, c, s = tcp()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN | select.EPOLLET)
    n = s.fileno()
    d = os.dup(n)
    if twin:
        ep.unregister(s)
    s.close()
    print("fd", n, flush=True)
    ready(ep)


def writable():
    l, c, s = tcp()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN if twin else select.EPOLLIN | select.EPOLLOUT)
    print("fd", s.fileno(), flush=True)
    ready(ep)


def pollout():
    l, c, s = tcp()
    p = select.poll()
    p.register(s, select.POLLIN if twin else select.POLLIN | select.POLLOUT)
    print("fd", s.fileno(), flush=True)
    ready(p, None)


def blocking():
    l, c, s = tcp()
    s.setblocking(twin)
    s.settimeout(None)
    if twin:
        s.setblocking(False)
    ep = select.epoll()
    ep.register(s, select.EPOLLIN)
    print("fd", s.fileno(), flush=True)
    ready(ep)


def closing():
    l, c, s = tcp()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN | select.EPOLLET)
    c.close()
    while not ep.poll():
        pass
    s.recv(10)
    if twin:
        s.close()
    print("fd", s.fileno() if not twin else -1, flush=True)
    ready(ep)


def backlog():
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    l.listen(2)
    l.setblocking(False)
    ep = select.epoll()
    ep.register(l, select.EPOLLIN | select.EPOLLET)
    for _ in range(2 if twin else 3):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(l.getsockname())
        keep.append(c)
    time.sleep(0.1)
    if twin:
        for _ in range(2):
            keep.append(l.accept()[0])
    while ep.poll(0):
        pass
    print("fd", l.fileno(), flush=True)
    ready(ep)


def stuck():
    l, c, s = tcp()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN)
    c.sendall(b"x" * 77)
    if twin:
        time.sleep(0.05)
        s.recv(1000)
    print("fd", s.fileno(), flush=True)
    ready(None)


{"stranded": stranded, "oneshot": oneshot, "dup": dup, "writable": writable, "pollout": pollout, "blocking": blocking, "closing": closing, "backlog": backlog, "stuck": stuck}[case]()
