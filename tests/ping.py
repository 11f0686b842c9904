# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ping.py ADDRESS COUNT [EXPECTED]: sends echo requests, one after the other, and prints how many were
# answered. ADDRESS is of IPv4 or of IPv6. A request that no answer follows costs a fifth of a second;
# if fewer than EXPECTED were answered, late ones are waited for.
import os
import socket
import struct
import sys
import time

PATIENCE = 0.2
LATE = 5.0


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def request4(ident, seq):
    body = struct.pack("!HH", ident, seq) + bytes(range(56))
    return struct.pack("!BBH", 8, 0, checksum(struct.pack("!BBH", 8, 0, 0) + body)) + body


def answer4(packet):
    icmp = packet[(packet[0] & 15) * 4:]
    return struct.unpack("!HH", icmp[4:8]) if icmp[0] == 0 else None


def request6(ident, seq):  # the kernel fills in the checksum
    return struct.pack("!BBHHH", 128, 0, 0, ident, seq) + bytes(range(56))


def answer6(icmp):
    return struct.unpack("!HH", icmp[4:8]) if icmp[0] == 129 else None


class Pings:
    def __init__(self, address):
        v6 = ":" in address
        self.address = address
        self.request, self.answer = (request6, answer6) if v6 else (request4, answer4)
        self.sock = (socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) if v6 else
                     socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        self.ident = os.getpid() & 0xFFFF
        self.answered = set()

    def wait(self, seconds, done):
        end = time.monotonic() + seconds
        while not done() and (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                ident, seq = self.answer(self.sock.recv(2048)) or (None, None)
            except socket.timeout:
                return
            if ident == self.ident:
                self.answered.add(seq)

    def send(self, seq):
        self.sock.sendto(self.request(self.ident, seq), (self.address, 0))
        self.wait(PATIENCE, lambda: seq in self.answered)


def main():
    count = int(sys.argv[2])
    expected = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    pings = Pings(sys.argv[1])
    for seq in range(count):
        pings.send(seq)
    pings.wait(LATE, lambda: len(pings.answered) >= expected)
    print(len(pings.answered))


main()
