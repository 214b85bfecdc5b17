"""A crowd of slow clients: each stops at some stage of a mail and goes on by one octet every five seconds. What is closed comes again.

Usage: slow.py PORT CLIENTS. Prints `there N` when so many connections stand at their stage, and ends when its input does.
"""

import asyncio
import sys

STAGES = [
    b"",
    b"EHLO slow.example\r\n",
    b"EHLO slow.example\r\nMAIL FROM:<slow@customer.example>\r\n",
    b"EHLO slow.example\r\nMAIL FROM:<slow@customer.example>\r\nRCPT TO:<support@desk.example.org>\r\n",
    b"EHLO slow.example\r\nMAIL FROM:<slow@customer.example>\r\nRCPT TO:<support@desk.example.org>\r\nDATA\r\n",
]
REST = 5
there = 0
refused = 0


async def dawdle(port, stage):
    """One connection, from its greeting to its end."""
    global there, refused
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    try:
        greeting = await reader.readline()
        if not greeting.startswith(b"220"):
            refused += 1
            return
        writer.write(STAGES[stage])
        there += 1
        try:
            while True:
                await asyncio.sleep(REST)
                # Within DATA a letter of a long line, else of a command that never ends.
                writer.write(b"X")
                await writer.drain()
                if reader.at_eof():
                    return
        finally:
            there -= 1
    finally:
        writer.close()


async def come_again(port, stage, delay):
    """One slow client: when its connection is closed, it makes another."""
    await asyncio.sleep(delay)
    while True:
        try:
            await dawdle(port, stage)
        except OSError:
            pass
        await asyncio.sleep(REST)


async def main():
    port, clients = int(sys.argv[1]), int(sys.argv[2])
    # Kept, or they would be thought not to be needed any more.
    crowd = [asyncio.ensure_future(come_again(port, number % len(STAGES), number / 2000)) for number in range(clients)]
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)
    while crowd and not ended.done():
        print("there", there, "refused", refused, flush=True)
        await asyncio.sleep(0.2)


asyncio.run(main())
