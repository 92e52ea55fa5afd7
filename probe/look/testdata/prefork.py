# A server with workers that share its connections in one way: prefork.py HOW WORKERS. It prints "port N", then "worker PID" for each, and
# "ready". Each worker is ready to wait before the next one is made. Every worker prints "has PID N" after each connection that it has taken,
# and keeps it. Lines on the standard input are commands: "report" lets every worker print "total PID N". It ends with its standard input.
import array, os, select, socket, sys, threading

how, count = sys.argv[1], int(sys.argv[2])


def say(*words):
    os.write(1, (" ".join(str(w) for w in words) + "\n").encode())  # one write: lines of several processes do not mix


def listener(reuse=False):
    s = socket.socket()
    if reuse:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return s


kept = []


def took(c):
    kept.append(c)
    say("has", os.getpid(), len(kept))


def accept_all(l):
    while True:
        try:
            took(l.accept()[0])
        except BlockingIOError:
            return


def epoll_worker(l, flags, ep=None):
    l.setblocking(False)
    if ep is None:
        ep = select.epoll()
        ep.register(l, select.EPOLLIN | flags)
    os.write(up[1], b"u")
    while True:
        for fd, _ in ep.poll():
            if fd == l.fileno():
                accept_all(l)


def accept_worker(l):
    l.setblocking(True)
    os.write(up[1], b"u")
    while True:
        took(l.accept()[0])


def receiving_worker(u):
    os.write(up[1], b"u")
    while True:
        _, anc, _, _ = u.recvmsg(1, socket.CMSG_LEN(4))
        fds = array.array("i")
        for level, kind, data in anc:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[:4])
        took(socket.socket(fileno=fds[0]))


def handing_master(l, workers):
    l.setblocking(False)
    ep = select.epoll()
    ep.register(l, select.EPOLLIN)
    n = 0
    while True:
        ep.poll()
        while True:
            try:
                c = l.accept()[0]
            except BlockingIOError:
                break
            u = workers[n % len(workers)]
            u.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [c.fileno()]))])
            c.close()
            n += 1


l = listener(how == "reuseport")
l.bind(("127.0.0.1", 0))
if how != "reuseport":
    l.listen(128)
port = l.getsockname()[1]
say("port", port)
ep = None
if how == "instance":
    l.setblocking(False)
    ep = select.epoll()
    ep.register(l, select.EPOLLIN)
pipes = []
hands = []  # the master's ends of the sockets that connections are handed over by
kids = []
up = os.pipe()
for i in range(count):
    if how == "hand":
        ours, mine = socket.socketpair()
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(w)
        for p in pipes:
            os.close(p)
        for u in hands:
            u.close()

        def until(r=r):
            while os.read(r, 1) == b"r":
                say("total", os.getpid(), len(kept))
            os._exit(0)

        threading.Thread(target=until, daemon=True).start()
        if how == "exclusive":
            epoll_worker(l, select.EPOLLEXCLUSIVE)
        elif how == "plain":
            epoll_worker(l, 0)
        elif how == "instance":
            epoll_worker(l, 0, ep)
        elif how == "accept":
            accept_worker(l)
        elif how == "reuseport":
            own = listener(True)
            own.bind(("127.0.0.1", port))
            own.listen(128)
            l.close()
            epoll_worker(own, 0)
        elif how == "hand":
            ours.close()
            receiving_worker(mine)
    os.close(r)
    pipes.append(w)
    kids.append(pid)
    if how == "hand":
        mine.close()
        hands.append(ours)
    os.read(up[0], 1)
    say("worker", pid)
if how == "reuseport":
    l.close()
say("ready")
if how == "hand":
    threading.Thread(target=handing_master, args=(l, hands), daemon=True).start()
for line in sys.stdin:
    if line.strip() == "report":
        for w in pipes:
            os.write(w, b"r")
for w in pipes:
    os.close(w)
for pid in kids:
    os.waitpid(pid, 0)
