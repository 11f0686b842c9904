#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
The other end of mcu/firmware/frame.h, with the faults that `loader push` does not make: sends a
file as an image and prints how the device ends it.

  frames.py SOCKET NAME HOOK TENANT FILE [FAULT...]

FAULT: damage=OFFSET (a byte of the image), version (another one, checksum right), cut=BYTES,
crc=FRAME (that frame is damaged the first time), lost=FRAME (its middle is, the first time),
twice=FRAME, silent=FRAME (nothing more comes), gone=FRAME (so is the sender, at once; prints
nothing), noise (bytes before each frame), rubbish (random bytes in place of frames), random=COUNT
(so many images with random damage and right checksums, each of which is run: prints what became of
how many). No image at all: garbage (random bytes as lines), packets=COUNT (so many packets: prints
the verdicts).
"""
import collections
import random
import socket
import struct
import sys
import threading
import zlib

sys.dont_write_bytecode = True  # a test leaves nothing in the source tree

from lies import with_checksum

FRAME = 256
GARBAGE = 100000  # bytes


class Line:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(60)
        self.file = self.socket.makefile('rb')

    def say(self, text):
        self.socket.sendall(text.encode() + b'\n')

    def answer(self):
        """The next line that was asked for."""
        while True:
            line = self.file.readline().decode().strip()
            if line and line[0] not in '!:':
                return line

    def flood(self, data):
        """Sends more than the device takes while nobody reads what it says."""
        threading.Thread(target=self.socket.sendall, args=(data,), daemon=True).start()

    def greet(self, before=b''):
        self.flood(before + b'\ninfo\n')
        while self.answer() != 'KEY VALUE':
            pass
        while self.answer() != 'ok':
            pass


def spoil(image, faults):
    image = bytearray(image)
    for fault in faults:
        what, _, value = fault.partition('=')
        if what == 'damage':
            image[int(value)] ^= 0x55
        elif what == 'version':
            image[8] += 1
            image = bytearray(with_checksum(bytes(image)))
        elif what == 'cut':
            del image[-int(value):]
    return bytes(image)


def frame(number, data):
    body = struct.pack('<BB', number, len(data) - 1) + data
    return b'\x01' + body + struct.pack('<I', zlib.crc32(body))


def send(line, image, faults):
    """Each frame until it has arrived; returns the device's last line."""
    faults = list(faults)
    for number, at in enumerate(range(0, len(image), FRAME)):
        data = frame(number, image[at:at + FRAME])
        if f'silent={number}' in faults:
            return line.answer()
        if f'gone={number}' in faults:
            line.socket.sendall(data[:len(data) // 2])
            sys.exit()
        if 'rubbish' in faults:
            line.flood(random.Random(2).randbytes(GARBAGE))
            while (said := line.answer()).startswith('- '):
                pass
            return said
        while True:
            sent = data
            if 'noise' in faults:
                sent = b'\xffnoise' + sent
            for what, spoilt in (('crc', data[:-1] + bytes([data[-1] ^ 1])),
                                 ('lost', data[:len(data) // 2])):
                if f'{what}={number}' in faults:
                    faults.remove(f'{what}={number}')
                    sent = spoilt
            line.socket.sendall(sent)
            said = line.answer()
            if said == f'+ {number}':
                break
            if said != f'- {number}':
                return said
        if f'twice={number}' in faults:
            line.socket.sendall(data)
            assert line.answer() == f'+ {number}'
    return line.answer()


def install(line, place, image, faults=()):
    """The device's last word on an image."""
    line.say(f'load {place} {len(image)}')
    said = line.answer()
    return send(line, image, faults) if said == 'send' else said


def ends(line):
    """The end of an answer."""
    while True:
        said = line.answer()
        if said == 'ok' or said.startswith('error: '):
            return said


def try_random(line, place, image, count):
    """A device that takes what is damaged still has to be well afterwards."""
    seen = collections.Counter()
    rng = random.Random(count)
    for _ in range(count):
        bad = bytearray(image)
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(16, len(bad))] = rng.randrange(256)
        said = install(line, place, with_checksum(bytes(bad)))
        seen[said.split(':')[1].strip() if ':' in said else said] += 1
        line.say(f'run {place.split()[0]}')
        ends(line)
    line.greet()
    print(*(f'{what} {n}' for what, n in sorted(seen.items())))


def send_packets(line, count):
    seen = collections.Counter()
    for _ in range(count):
        line.say('packet ' + '00' * 14)
        seen[line.answer()] += 1
        assert line.answer() == 'ok'
    print(*(f'{verdict}: {n}' for verdict, n in seen.items()))


def main():
    path, name, hook, tenant, file, *faults = sys.argv[1:]
    line = Line(path)
    line.greet()
    if 'garbage' in faults:
        line.greet(random.Random(1).randbytes(GARBAGE))
        print('ok')
        return
    packets = [fault for fault in faults if fault.startswith('packets=')]
    if packets:
        send_packets(line, int(packets[0].partition('=')[2]))
        return
    with open(file, 'rb') as source:
        image = spoil(source.read(), faults)
    place = f'{name} {hook} {tenant}'
    counts = [fault for fault in faults if fault.startswith('random=')]
    if counts:
        try_random(line, place, image, int(counts[0].partition('=')[2]))
    else:
        print(install(line, place, image, faults))


if __name__ == '__main__':
    main()
