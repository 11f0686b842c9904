#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""guests.py NAME: what a guest of progs/ has to return, computed from what it is meant to do."""
import itertools
import pathlib
import re
import sys
import zlib

PROGS = pathlib.Path(__file__).resolve().parents[2] / 'progs'
M32, M64 = 0xffffffff, 0xffffffffffffffff


def text(name, size):
    """The string literals of a source that begin a line, as one, padded with zeros."""
    parts = re.findall(r'^\t+u?"((?:[^"\\]|\\.)*)"', (PROGS / name).read_text(), re.M)
    return ''.join(parts).encode().decode('unicode_escape').ljust(size, '\0')


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def xorshift(x, turns):
    for _ in range(turns):
        x ^= x << 13 & M64
        x ^= x >> 7
        x ^= x << 17 & M64
    return x


def fletcher32():
    """Sums modulo 65535, whose zero the folding of carries shows as 65535."""
    words = [ord(c) for c in text('fletcher32.c', 180)]
    sums = [total % 65535 for total in itertools.accumulate(words)]
    return (sum(sums) % 65535 or 65535) << 16 | (sums[-1] or 65535)


def primes(limit):
    return [n for n in range(2, limit) if all(n % d for d in range(2, int(n**.5) + 1))]


def bubble():
    numbers, x, total = [], 1, 0
    for _ in range(60):
        x = x * 6364136223846793005 + 1442695040888963407 & M64
        numbers.append(x >> 33)
    for number in sorted(numbers):
        total = total * 31 + number
    return total & M64


def rotated(x, n):
    return (x << n | x >> 64 - n) & M64


def sip_round(v0, v1, v2, v3):
    """As in figure 2.1 of the SipHash paper (Aumasson, Bernstein 2012)."""
    v0, v2 = v0 + v1 & M64, v2 + v3 & M64
    v1, v3 = rotated(v1, 13) ^ v0, rotated(v3, 16) ^ v2
    v0 = rotated(v0, 32)
    v2, v0 = v2 + v1 & M64, v0 + v3 & M64
    v1, v3 = rotated(v1, 17) ^ v2, rotated(v3, 21) ^ v0
    return v0, v1, rotated(v2, 32), v3


def siphash(message, key=bytes(range(16))):
    keys = [int.from_bytes(key[i:i + 8], 'little') for i in (0, 8)] * 2
    v = [k ^ int.from_bytes(b'somepseudorandomlygeneratedbytes'[i * 8:i * 8 + 8], 'big')
         for i, k in enumerate(keys)]
    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) & 255])
    for i in range(0, len(padded), 8):
        m = int.from_bytes(padded[i:i + 8], 'little')
        v[3] ^= m
        v = list(sip_round(*sip_round(*v)))
        v[0] ^= m
    v[2] ^= 0xff
    for _ in range(4):
        v = sip_round(*v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def generator(turns):
    """The linear congruential generator of calls.c."""
    x = 1
    for _ in range(turns):
        x = x * 1664525 + 1013904223 & M32
    return x


def operations(value):
    """What table.c does: add, multiply, subtract, multiply, add."""
    return (((value + 2) * 3) - 4) * 5 + 6


GUESTS = {
    'fib': lambda: fibonacci(10),
    'fib2': lambda: fibonacci(10),
    'empty': lambda: 2,  # XDP_PASS
    'alu': lambda: xorshift(0x9e3779b97f4a7c15, 83300),
    'fletcher32': fletcher32,
    'sieve': lambda: sum(primes(3840)),
    'bubble': bubble,
    'crc32': lambda: zlib.crc32(text('message.h', 64).encode()),
    'siphash': lambda: siphash(text('message.h', 64).encode()),
    'calls': lambda: generator(10000),
    'data': lambda: sum(a * b for a, b in zip((100, 10, 1), (4, 2, 7))),
    'several:first': lambda: 12 ** 2,
    'several:second': lambda: sum(n ** 2 for n in range(1, 13)),
    'table': lambda: operations(7),
    'helpers:clock': lambda: 1,
    'helpers:number': lambda: -int('-1234 x'.split(' ', maxsplit=1)[0]),
    'bad_divide:divide': lambda: 0 + 1,
    'bad_divide:divide32': lambda: 0 + 1,
    'bad_divide:modulo': lambda: 0x123456789,
    'bad_divide:modulo32': lambda: 0x12345678,
}

if __name__ == '__main__':
    # The paper's own example: 15 bytes from 0 under the key from 0.
    assert siphash(bytes(range(15))) == 0xa129ca6149be45e5
    print(GUESTS[sys.argv[1]]())
