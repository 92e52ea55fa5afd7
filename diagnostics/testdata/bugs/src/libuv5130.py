# Another thread closes a descriptor that the loop is about to change the interest of: EBADF, and the program aborts.
import os
import threading

from kit import *


def server():
    c, peer = socket.socketpair()
    ep = select.epoll()
    ep.register(c, IN)
    peer.send(b"hello")
    ep.poll()
    t = threading.Thread(target=lambda: os.close(c.fileno()))
    t.start()
    t.join()
    try:
        ep.modify(c.fileno(), IN | OUT)
    except OSError:
        os._exit(134)


run(server)
