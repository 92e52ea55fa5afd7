# The eventfd that interrupts the wait is registered level-triggered, and nobody reads it.
import os
import threading

from kit import *


def server():
    wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    ep = select.epoll()
    ep.register(wake, IN)
    t = threading.Thread(target=lambda: (time.sleep(0.05), os.eventfd_write(wake, 1)))
    t.start()
    for _ in range(300):
        ep.poll()  # "interrupted": back to the scheduler, which has nothing to do
    t.join()


run(server)
