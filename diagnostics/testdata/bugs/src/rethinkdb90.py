# The loop was built for poll instead of epoll, and passes a timeout of 0 where it means "until something comes".
from kit import *


def server():
    s = listener()
    p = select.poll()
    p.register(s, select.POLLIN)
    for _ in range(600):
        p.poll(0)


run(server)
