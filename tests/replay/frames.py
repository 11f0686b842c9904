#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Captures for the tests of `loader replay`, made and read without libpcap.

    frames.py make FILE FORMAT FRAME...   a capture; FORMAT is pcap, pcapng, or raw (no Ethernet)
    frames.py hex FILE                    the packets of a pcap file, one a line
    frames.py read FILE                   what they are, and whether their checksums are right

FRAME is hex, or one of: udp:PORT, tcp:PORT, udp0:PORT (no checksum), ping4, ping6, zeros:BYTES.
"""
import socket
import struct
import sys

SOURCE4, SERVER4 = socket.inet_aton("10.0.0.1"), socket.inet_aton("192.168.1.1")
SOURCE6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
SERVER6 = socket.inet_pton(socket.AF_INET6, "2001:db8:1::1")
MACS = bytes.fromhex("020000000001" "020000000002")
CHECKSUM_AT = {1: 2, 6: 16, 17: 6, 58: 2}


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def with_checksum(proto, pseudo, l4):
    at = CHECKSUM_AT[proto]
    return l4[:at] + struct.pack(">H", checksum(pseudo + l4)) + l4[at + 2:]


def ip4(proto, l4, fill=True):
    if fill:
        pseudo = b"" if proto == 1 else SOURCE4 + SERVER4 + struct.pack(">HH", proto, len(l4))
        l4 = with_checksum(proto, pseudo, l4)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(l4), 1, 0, 64, proto, 0, SOURCE4, SERVER4)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return MACS + b"\x08\x00" + head + l4


def ping6():
    l4 = with_checksum(58, SOURCE6 + SERVER6 + struct.pack(">II", 12, 58),
                       struct.pack(">BBHHH", 128, 0, 0, 7, 1) + b"ping")
    head = struct.pack(">IHBB", 0x60000000, len(l4), 58, 64) + SOURCE6 + SERVER6
    return MACS + b"\x86\xdd" + head + l4


def frame(name):
    kind, _, number = name.partition(":")
    if kind == "ping4":
        return ip4(1, struct.pack(">BBHHH", 8, 0, 0, 7, 1) + b"ping")
    if kind == "ping6":
        return ping6()
    if kind == "tcp":
        return ip4(6, struct.pack(">HHIIBBHHH", 1030, int(number), 1, 0, 0x50, 2, 99, 0, 0))
    if kind in ("udp", "udp0"):
        return ip4(17, struct.pack(">HHHH", 1030, int(number), 11, 0) + b"abc", kind == "udp")
    if kind == "zeros":
        return bytes(int(number))
    return bytes.fromhex(name)


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(packets):
    yield block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    yield block(1, struct.pack("<HHI", 1, 0, 0))
    for p in packets:
        yield block(6, struct.pack("<IIIII", 0, 0, 1000, len(p), len(p)) + p)


def pcap(packets, link):
    yield struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link)
    for i, p in enumerate(packets):
        yield struct.pack("<IIII", 1700000000 + i, 5, len(p), len(p)) + p


def make(path, form, *names):
    packets = [frame(name) for name in names]
    chunks = pcapng(packets) if form == "pcapng" else pcap(packets, 101 if form == "raw" else 1)
    with open(path, "wb") as f:
        f.writelines(chunks)


def packets_of(path):
    """Time in seconds and bytes of each packet; the loader writes nanoseconds."""
    data = open(path, "rb").read()
    assert struct.unpack_from("<I", data)[0] == 0xa1b23c4d, "no pcap file with nanoseconds"
    at = 24
    while at < len(data):
        seconds, _, size, full = struct.unpack_from("<IIII", data, at)
        assert size == full
        yield seconds, data[at + 16:at + 16 + size]
        at += 16 + size


def describe(packet):
    ip = packet[14:]
    if packet[12:14] == b"\x08\x00":
        proto, l4, pair = ip[9], ip[20:], ip[12:20]
        family, right = socket.AF_INET, checksum(ip[:20]) == 0
        pseudo = b"" if proto == 1 else pair + struct.pack(">HH", proto, len(l4))
    else:
        proto, l4, pair = ip[6], ip[40:], ip[8:40]
        family, right = socket.AF_INET6, True
        pseudo = pair + struct.pack(">II", len(l4), proto)
    none = proto == 17 and l4[6:8] == b"\0\0"
    right = right and (none or checksum(pseudo + l4) == 0)
    half = len(pair) // 2
    return " ".join([packet[:6].hex(), packet[6:12].hex(), socket.inet_ntop(family, pair[:half]),
                     socket.inet_ntop(family, pair[half:]), str(proto),
                     "none" if none else "right" if right else "wrong"])


def main():
    verb, path, *rest = sys.argv[1:]
    if verb == "make":
        make(path, *rest)
    elif verb == "hex":
        for seconds, packet in packets_of(path):
            print(seconds, packet.hex())
    else:
        for _, packet in packets_of(path):
            print(describe(packet))


main()
