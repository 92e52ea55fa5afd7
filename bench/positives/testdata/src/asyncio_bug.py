# An asyncio server whose handler blocks the loop: asyncio_bug.py sleep|child|fetch PORT N SLOW, where SLOW is the port of a web server
# that answers late. It ends after N blocked handlers and prints their number.
import asyncio
import sys

kind, port, most, slow = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if kind == "sleep":
    import time
elif kind == "child":
    import subprocess
else:
    import urllib.request
over = None
counted = 0


def block():
    if kind == "sleep":
        time.sleep(0.2)
    elif kind == "child":
        subprocess.run(["sleep", "0.2"], capture_output=True)
    else:
        urllib.request.urlopen("http://127.0.0.1:%s/" % slow, timeout=5).read()


async def serve(reader, writer):
    global counted
    while await reader.readline():
        block()
        counted += 1
        writer.write(b"done\n")
        await writer.drain()
        if counted == most:
            over.set()
    writer.close()


async def main():
    global over
    over = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await over.wait()
    server.close()
    print("counted", counted, flush=True)


asyncio.run(main())
