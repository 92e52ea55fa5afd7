# An echo server on asyncio; it ends when a client says quit.
import asyncio


async def main():
    over = asyncio.Event()

    async def serve(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
            if data == b"quit\n":
                over.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 8404)
    await over.wait()
    await asyncio.sleep(0.05)
    server.close()
    await server.wait_closed()


asyncio.run(main())
