# An echo server on asyncio: asyncio_echo.py PORT. SIGTERM ends it.
import asyncio
import signal
import sys


async def serve(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def main():
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await over.wait()
    server.close()


asyncio.run(main())
