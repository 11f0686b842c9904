# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ping.py ADDRESS COUNT: sends echo requests, one after the other, and prints how many were answered.
# ADDRESS is of IPv4 or of IPv6.
# A request that no answer follows costs a fifth of a second.
import os
import socket
import struct
import sys
import time

PATIENCE = 0.2


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def request4(ident, seq):
    body = struct.pack("!HH", ident, seq) + bytes(range(56))
    return struct.pack("!BBH", 8, 0, checksum(struct.pack("!BBH", 8, 0, 0) + body)) + body


def is_answer4(packet, ident, seq):
    icmp = packet[(packet[0] & 15) * 4:]
    return icmp[0] == 0 and struct.unpack("!HH", icmp[4:8]) == (ident, seq)


def request6(ident, seq):  # the kernel fills in the checksum
    return struct.pack("!BBHHH", 128, 0, 0, ident, seq) + bytes(range(56))


def is_answer6(icmp, ident, seq):
    return icmp[0] == 129 and struct.unpack("!HH", icmp[4:8]) == (ident, seq)


def ping(sock, address, ident, seq):
    v6 = sock.family == socket.AF_INET6
    is_answer = is_answer6 if v6 else is_answer4
    end = time.monotonic() + PATIENCE
    sock.sendto((request6 if v6 else request4)(ident, seq), (address, 0))
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            if is_answer(sock.recv(2048), ident, seq):
                return True
        except socket.timeout:
            break
    return False


def main():
    address = sys.argv[1]
    if ":" in address:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    ident = os.getpid() & 0xFFFF
    print(sum(ping(sock, address, ident, seq) for seq in range(int(sys.argv[2]))))


main()
