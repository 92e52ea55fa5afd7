# A small HTTP server on tornado: tornado_http.py PORT. SIGTERM ends it.
import asyncio
import signal
import sys

import tornado.web


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("hello\n")


class Big(tornado.web.RequestHandler):
    def get(self):
        self.write(b"x" * 300000)


async def main():
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    tornado.web.Application([("/", Hello), ("/big", Big)]).listen(int(sys.argv[1]), "127.0.0.1")
    await over.wait()


asyncio.run(main())
