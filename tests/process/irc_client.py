"""A plain IRC client: one socket, lines in and out. What it was told is kept as it came."""

import socket
import threading

from muster_processes import HOST, wait_until


class IrcClient:
    def __init__(self, port, nick, password=None, capabilities=(), buffer_bytes=None):
        self.nick = nick
        self.lines = []
        self.closed = threading.Event()
        self.reads = threading.Event()
        self.reads.set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.connect((HOST, port))
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if capabilities:
            self.send("CAP LS 302", "CAP REQ :" + " ".join(capabilities), "CAP END")
        if password:
            self.send(f"PASS {password}")
        self.send(f"NICK {nick}", f"USER {nick} 0 * :{nick} in full")

    def _read(self):
        rest = b""
        try:
            while data := self.socket.recv(65536):
                *whole, rest = (rest + data).split(b"\r\n")
                for line in whole:
                    text = line.decode()
                    if text.startswith("PING "):
                        self.send("PONG " + text[5:])
                    else:
                        self.lines.append(text)
                self.reads.wait()
        except OSError:
            pass  # Closed under it, here or there: `closed` says so.
        self.closed.set()

    def send(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def told(self, *parts):
        """Lines with all these parts in them."""
        return [line for line in list(self.lines) if all(part in line for part in parts)]

    def wait_told(self, *parts, seconds=20):
        wait_until(lambda: self.told(*parts), seconds,
                   lambda: f"{parts} at {self.nick}, who was told:\n" + "\n".join(self.lines[-20:]))
        return self.told(*parts)

    def wait_registered(self, seconds=20):
        self.wait_told(" 001 ", seconds=seconds)

    def join(self, channel):
        self.send(f"JOIN {channel}")
        self.wait_told(" 366 ", f" {channel} ")

    def said(self, channel):
        """`NICK TEXT` of what others said there, in order."""
        texts = []
        for line in self.told(f" PRIVMSG {channel} :"):
            source, text = line[line.index(":"):].split(f" PRIVMSG {channel} :", 1)
            texts.append(source[1:].split("!")[0] + " " + text)
        return texts

    def close(self):
        self.reads.set()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The server closed first.
        self.socket.close()
        self.reader.join(5)
