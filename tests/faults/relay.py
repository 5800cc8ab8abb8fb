"""Moves frames between two interfaces that it makes, each late, and so out of order, or doubled.

    relay.py NEAR FAR DELAY-MS JITTER-MS DOUBLED-PERCENT SEED

Runs until it is killed; prints `ready` once both interfaces are there. What stands in the way of a
machine's traffic delays and reorders packets below TCP itself, as a network does. A frame comes out
after the delay and a part of the jitter of its own; beyond `HELD_MAX` frames are dropped.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME_BYTES_MAX = 65536
HELD_MAX = 2000


def tap(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return device


def main(near, far, delay, jitter, doubled, seed):
    choose = random.Random(int(seed))
    delay, jitter, doubled = float(delay) / 1000, float(jitter) / 1000, float(doubled) / 100
    devices = [tap(near), tap(far)]
    print("ready", flush=True)
    held = []  # When, a number that keeps frames of one moment in order, where to, the frame.
    count = 0
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        readable, _, _ = select.select(devices, [], [], wait)
        now = time.monotonic()
        for device in readable:
            try:
                frame = os.read(device, FRAME_BYTES_MAX)
            except OSError:
                continue  # The interface is not up yet.
            to = devices[1 - devices.index(device)]
            for _ in range(2 if choose.random() < doubled else 1):
                if len(held) < HELD_MAX:
                    count += 1
                    heapq.heappush(held, (now + delay + jitter * choose.random(), count, to, frame))
        while held and held[0][0] <= now:
            _, _, to, frame = heapq.heappop(held)
            try:
                os.write(to, frame)
            except OSError:
                pass  # As a network does: what can't go out is lost.


if __name__ == "__main__":
    main(*sys.argv[1:])
