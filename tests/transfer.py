# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Traffic for tests of guests in its way. Both sides of a TCP transfer print the SHA-256 of its bytes.
#
#	transfer.py take ADDRESS PORT		waits for one connection and reads to its end
#	transfer.py give ADDRESS PORT BYTES	connects, as soon as somebody listens, and writes
#	transfer.py knock ADDRESS PORT COUNT	sends so many datagrams instead; the interface takes each
import errno
import hashlib
import random
import socket
import sys
import time

PATIENCE = 30
IP_RECVERR = 11  # linux/in.h; Python has no name for it


def take(address):
    digest = hashlib.sha256()
    with socket.create_server(address) as server:
        server.settimeout(PATIENCE)
        peer, _ = server.accept()
        peer.settimeout(PATIENCE)
        while data := peer.recv(1 << 16):
            digest.update(data)
    return digest.hexdigest()


def connect(address):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(address, PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def give(address, size):
    data = random.Random(size).randbytes(size)
    with connect(address) as peer:
        peer.sendall(data)
    return hashlib.sha256(data).hexdigest()


def knock(address, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)  # tells what was dropped on the way out
        while count:
            try:
                sock.sendto(b"knock", address)
                count -= 1
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                time.sleep(0.001)


def main():
    what, host, port, *count = sys.argv[1:]
    verb = {"take": take, "give": give, "knock": knock}[what]
    done = verb((host, int(port)), *map(int, count))
    if done:
        print(done)


main()
