# "Do not listen for activity until we have decided": the mask is set to 0. The client goes away, and HUP cannot be masked.
import os

from kit import *


def server():
    s = socket.socket(socket.AF_UNIX)
    s.bind("demo.sock")
    s.listen(5)
    c = first(s)
    ep = select.epoll()
    ep.register(c, IN)
    for _ in range(400):
        for fd, events in ep.poll(1):
            if events & IN:
                c.recv(2048)
                ep.modify(c, 0)


def client():
    while not os.path.exists("demo.sock"):
        time.sleep(0.01)
    c = socket.socket(socket.AF_UNIX)
    time.sleep(0.1)
    c.connect("demo.sock")
    c.send(b"POST /printers HTTP/1.1\r\n\r\n")
    time.sleep(0.1)


run(server, client)
