# accept fails with EMFILE, there is a comment "start a timer here", and the level-triggered listener is reported again.
import resource

from kit import *


def server():
    s = listener()
    ep = select.epoll()
    ep.register(s, IN)
    held = []
    for _ in range(400):
        for fd, events in ep.poll(0.1):
            try:
                held.append(s.accept()[0])
            except OSError:
                pass
        if len(held) == 3:
            resource.setrlimit(resource.RLIMIT_NOFILE, (s.fileno(), s.fileno()))


def client():
    cs = [connect() for _ in range(5)]
    time.sleep(0.5)


run(server, client)
