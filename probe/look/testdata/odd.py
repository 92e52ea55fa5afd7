# A program that is not as most are: odd.py CASE. It prints what a test has to know, "ready" when it is there, obeys commands on its standard
# input (a line each), and ends with it.
import ctypes, os, select, socket, sys, threading

case = sys.argv[1]
keep = []


def say(*words):
    os.write(1, (" ".join(str(w) for w in words) + "\n").encode())


def pair():
    l = socket.socket()
    l.bind(("127.0.0.1", 0))
    l.listen(16)
    c = socket.create_connection(l.getsockname())
    s, _ = l.accept()
    s.setblocking(False)
    l.setblocking(False)
    keep.extend([l, c, s])
    return l, c, s


def waiting(ep, *args):
    """Another thread waits, and this one obeys."""

    def wait():
        while True:
            ep.poll(*args)

    threading.Thread(target=wait, daemon=True).start()


def obey(commands):
    say("ready")
    for line in sys.stdin:
        commands[line.strip()]()
    os._exit(0)


def kinds():
    libc = ctypes.CDLL(None)
    made = {}

    def put(name, fd):
        made[name] = fd
        say(name, fd)

    put("eventfd", os.eventfd(3, os.EFD_NONBLOCK))
    put("eventfd-empty", os.eventfd(0, os.EFD_NONBLOCK))
    t = libc.timerfd_create(1, os.O_NONBLOCK)
    libc.timerfd_settime(t, 0, (ctypes.c_long * 4)(0, 0, 0, 1000000), None)
    select.select([t], [], [])
    put("timerfd", t)
    put("timerfd-unset", libc.timerfd_create(1, os.O_NONBLOCK))
    r, w = os.pipe()
    os.write(w, b"x" * 777)
    put("pipe", r)
    put("pipe-end", w)
    a, b = socket.socketpair()
    b.sendall(b"x" * 555)
    put("unix-stream", a.fileno())
    put("unix-peer", b.fileno())
    c, d = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    d.send(b"x" * 100)
    d.send(b"x" * 23)
    put("unix-dgram", c.fileno())
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("127.0.0.1", 0))
    v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    v.connect(u.getsockname())
    v.send(b"x" * 300)
    v.send(b"x" * 33)
    put("udp", u.fileno())
    put("udp-empty", v.fileno())
    s6 = socket.socket(socket.AF_INET6)
    s6.bind(("::", 0))
    s6.listen(5)
    c4 = socket.create_connection(("127.0.0.1", s6.getsockname()[1]))
    x, _ = s6.accept()
    c4.sendall(b"x" * 44)
    select.select([x], [], [])
    put("mapped", x.fileno())
    ul = socket.socket(socket.AF_UNIX)
    ul.bind("\0evviz-odd-%d" % os.getpid())
    ul.listen(5)
    uc = socket.socket(socket.AF_UNIX)
    uc.connect(ul.getsockname())
    put("unix-listener", ul.fileno())
    ep = select.epoll()
    put("epoll", ep.fileno())
    for fd in made.values():
        if fd != ep.fileno():
            ep.register(fd, select.EPOLLIN | select.EPOLLONESHOT)
    while ep.poll(0):
        pass
    keep.extend([a, b, c, d, u, v, s6, c4, x, ul, uc, ep])
    obey({})


def execs():
    l, c, s = pair()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN)
    os.set_inheritable(c.fileno(), True)
    say("goes", s.fileno())
    say("goes", ep.fileno())
    say("stays", c.fileno())
    waiting(ep)
    obey({"exec": lambda: os.execv(sys.executable, [sys.executable, sys.argv[0], "after"])})


def after():
    obey({})


def forked():
    """An instance that a child has, too. Both wait on it."""
    l, c, s = pair()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN | select.EPOLLET)
    say("fd", s.fileno())
    say("epoll", ep.fileno())
    child(lambda: None)
    waiting(ep)
    obey({})


def kept():
    """A child that keeps a connection which the parent has closed."""
    l, c, s = pair()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN)
    say("fd", s.fileno())
    child(lambda: ep.close())
    s.close()
    waiting(ep)
    obey({})


def child(do):
    r, w = os.pipe()
    done, up = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(w)
        do()
        os.write(up, b"u")
        os.read(r, 1)
        os._exit(0)
    os.close(r)
    os.read(done, 1)
    say("child", pid)


def threads():
    threading.stack_size(1 << 16)
    l, c, s = pair()
    ep = select.epoll()
    ep.register(s, select.EPOLLIN)
    gate = threading.Event()
    n = 0
    for n in range(3000):
        try:
            threading.Thread(target=gate.wait, daemon=True).start()
        except RuntimeError:  # a limit of this machine
            break
    say("threads", threading.active_count())
    waiting(ep)
    obey({})


{"kinds": kinds, "execs": execs, "after": after, "forked": forked, "kept": kept, "threads": threads}[case]()
