"""Connections that do what no Muster program does: for test_junk."""

import contextlib
import os
import random
import resource
import socket
import struct

from muster_processes import HOST

MAGIC = b"\x8dMUSTER\n"
CLIENT, PEER = 1, 2
REFUSED = 4
HEADER_BYTES = 8


def hello(kind=CLIENT, versions=(1, 1), authentication=0):
    """What a connection begins with (src/wire/preface.cc)."""
    return (MAGIC + bytes([versions[0], versions[1], kind, authentication]) + bytes(4)
            + os.urandom(32))


def frame(number, body=b"", lane=1, length=None):
    """One frame (src/wire/frame.h); `length` may lie."""
    return struct.pack("<IBBH", len(body) if length is None else length, number, lane, 0) + body


def allow_descriptors(wanted):
    """Raises the limit of open files of this process; returns how many there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(soft, min(wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


def connect(port, source=HOST):
    made = socket.socket()
    made.settimeout(2)
    try:
        made.bind((source, 0))
        made.connect((HOST, port))
    except OSError:
        made.close()
        raise
    return made


def send(connection, data):
    """False if the other side has closed, or takes no more for now."""
    try:
        connection.sendall(data)
        return True
    except OSError:
        return False


def read_to_end(connection, seconds=5):
    """All that still comes until the other side closes."""
    connection.settimeout(seconds)
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            data += piece
    return data


def is_taken_in(connection):
    """Whether a hello was accepted."""
    with contextlib.suppress(OSError):
        return len(connection.recv(16)) > 0
    return False


def frames_in(data):
    """The frames behind the answer to a hello, as (type, body)."""
    data = data[16:]
    found = []
    while len(data) >= HEADER_BYTES:
        length, number = struct.unpack_from("<IB", data)
        found.append((number, data[HEADER_BYTES:HEADER_BYTES + length]))
        data = data[HEADER_BYTES + length:]
    return found


def random_bytes(port, seed):
    """One connection of random bytes, some of them behind a start that is well-formed."""
    chance = random.Random(seed)
    with contextlib.suppress(OSError), connect(port) as connection:
        start = chance.choice([b"", MAGIC, hello()[:chance.randrange(48)], hello(CLIENT),
                               hello(PEER)])
        send(connection, start + chance.randbytes(chance.randrange(1, 4_000)))


def random_frames(port, seed):
    """One connection of well-formed frames of all types whose bodies are random."""
    chance = random.Random(seed)
    with contextlib.suppress(OSError), connect(port) as connection:
        send(connection, hello(chance.choice([CLIENT, PEER])))
        for _ in range(20):
            number = chance.choice([*range(1, 5), *range(16, 26), *range(32, 45), *range(64, 72)])
            body = chance.randbytes(chance.choice([0, 1, 8, 40, 300, 5_000]))
            if not send(connection, frame(number, body, chance.randrange(3))):
                return


def wrong_version(port, seed):
    chance = random.Random(seed)
    with contextlib.suppress(OSError), connect(port) as connection:
        versions = (chance.randrange(256), chance.randrange(256))
        send(connection, hello(chance.randrange(256), versions, chance.randrange(256)))


def silent(ports, count):
    """Up to `count` connections that say nothing, from several addresses."""
    made = []
    for i in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        made.append(connection)
        connection.bind((f"127.0.0.{2 + i % 6}", 0))
        with contextlib.suppress(BlockingIOError, OSError):
            connection.connect((HOST, ports[i % len(ports)]))
    return made


def greedy(port):
    """A client that follows a topic and asks and asks, and never reads: until nothing more is
    taken from it. Returns the connection and how many questions were taken."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(0.2)
    connection.connect((HOST, port))
    send(connection, hello() + frame(24, b"\x0a\x05group\x18\x01"))
    asked = 0
    questions = frame(21) * 1_000 + frame(20) * 1_000
    with contextlib.suppress(OSError):
        while asked < 2_000_000:
            connection.sendall(questions)
            asked += 2_000
    return connection, asked


def deaf_follower(port, topic):
    """A client that follows a topic from now on and never reads; returned once it follows."""
    connection = connect(port)
    name = topic.encode()
    send(connection, hello() + frame(24, b"\x0a" + bytes([len(name)]) + name + b"\x10\x01"))
    connection.recv(16)
    return connection


def datagrams(port, seed, count):
    """A burst to the discovery port: nonsense, and what looks like a probe or a beacon."""
    chance = random.Random(seed)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for i in range(count):
            payload = chance.randbytes(chance.randrange(200))
            head = b"\x8dMUD" + bytes([1, 1 + i % 2, 0, 0]) + struct.pack("<HH", len(payload), 0)
            data = (head if i % 4 else b"") + payload
            if i % 8 == 1:
                data = data.ljust(1_200, b"\0")
            with contextlib.suppress(OSError):
                sender.sendto(data, ("127.255.255.255" if i % 2 else HOST, port))
