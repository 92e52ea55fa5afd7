# The thread's timer slack was set to 30 ms "to save energy", and forgotten: every wait ends late. Mended, it is the default.
import ctypes

from kit import *

PR_SET_TIMERSLACK = 29


def server():
    if not MENDED:
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 30000000)
    s = listener()
    ep = select.epoll()
    ep.register(s, IN)
    for _ in range(30):
        ep.poll(0.01)


run(server)
