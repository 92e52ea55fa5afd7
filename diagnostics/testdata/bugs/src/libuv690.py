# accept says EMFILE also when nobody waits, because it takes the number first. The trick with the descriptor in reserve
# (close it, accept, open it again) is then tried for ever within one callback.
import os
import resource

from kit import *


def server():
    s = listener()
    ep = select.epoll()
    ep.register(s, IN)
    reserve = os.open("/", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (reserve + 2, reserve + 2))
    held = []
    ep.poll()
    for _ in range(150):
        try:
            held.append(s.accept()[0])
            continue
        except BlockingIOError:
            break
        except OSError:
            pass
        os.close(reserve)
        try:
            s.accept()[0].close()
        except OSError:
            pass
        reserve = os.open("/", os.O_RDONLY)


def client():
    cs = [connect() for _ in range(2)]
    time.sleep(0.5)


run(server, client)
