# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The other end of a board's serial line: cases go in, answers come out; see firmware.c."""
import select
import struct
import subprocess
import threading
from typing import NamedTuple

HELLO = struct.Struct('<cBBHIQQI')
CASE = struct.Struct('<cQQIIBI')
REGION = struct.Struct('<IIB')
ANSWER = struct.Struct('<BBII11QIQIBBIH')
MAP = struct.Struct('<cQQ')
READ, WRITE = 1, 2
SILENCE = 60  # seconds without an answer after which a firmware hangs


class Silent(Exception):
    """A firmware that does not answer; the argument says how it ended."""


class Map(NamedTuple):
    """What a board has said about itself."""
    pointer: int
    frames: int
    frame_size: int
    insns: int
    stack: int
    arena: int
    size: int


class Region(NamedTuple):
    offset: int
    access: int
    data: bytes


class Frame(NamedTuple):
    """A case as the firmware takes it; `code` is bytes."""
    code: bytes
    r1: int = 0
    r2: int = 0
    regions: tuple = ()
    budget: int = 10000
    slice: int = 0

    def encode(self):
        parts = [CASE.pack(b'C', self.r1, self.r2, self.budget, self.slice, len(self.regions),
                           len(self.code) // 8), self.code]
        for region in self.regions:
            parts += [REGION.pack(region.offset, len(region.data), region.access), region.data]
        return b''.join(parts)

    def fits(self, board):
        end = max((r.offset + len(r.data) for r in self.regions), default=0)
        return len(self.code) // 8 <= board.insns and end <= board.size


def encode_image(image, budget):
    """The frame for an image."""
    return struct.pack('<cII', b'I', budget, len(image)) + image


def insns_of(frame):
    """The instructions of an encoded frame."""
    return CASE.unpack_from(frame)[6]


class Answer(NamedTuple):
    error: int
    stop: int
    pc: int
    steps: int
    reg: tuple
    digest: int
    fault: tuple   # address, size, access
    check: tuple   # reason, pc
    c_stack: int   # bytes; 0: not known

    @classmethod
    def decode(cls, data):
        v = ANSWER.unpack(data)
        return cls(*v[:4], v[4:15], v[15], v[16:19], v[19:21], v[21])


def c_stack_of(data):
    """The same of an answer that is not decoded: there are many."""
    return int.from_bytes(data[-2:], 'little')


class Firmware:
    """A firmware that runs: on its board, or on the host as if it were there (`like`: a Map)."""

    def __init__(self, command, like=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.buffer = bytearray()
        try:
            kind, *rest = HELLO.unpack(self.read(HELLO.size))
        except Silent:
            self.close()
            raise
        if kind != b'H':
            self.close()
            raise Silent(f'does not say hello: {kind}')
        self.map = Map(*rest)
        if like and like != self.map:
            self.map = like
            self.write(MAP.pack(b'M', like.stack, like.arena))

    def write(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # read() says how it ended

    def read(self, size):
        out = self.process.stdout.fileno()
        while len(self.buffer) < size:
            if not select.select([out], [], [], SILENCE)[0]:
                raise Silent(f'no answer for {SILENCE} seconds')
            more = self.process.stdout.read1(1 << 16)
            if not more:
                raise Silent(f'ended with status {self.process.wait()}')
            self.buffer += more
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def answers(self, frames):
        """Of all encoded frames, in their order, as bytes."""
        data = b''.join(frames)
        writer = threading.Thread(target=self.write, args=(data,), daemon=True)
        writer.start()
        for number in range(len(frames)):
            try:
                yield self.read(ANSWER.size)
            except Silent as silence:
                raise Silent(f'case {number} of {len(frames)}: {silence}') from None
        writer.join()

    def close(self):
        """Asks it to end; returns its status."""
        self.write(b'E')
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # its status tells
        try:
            status = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        return status
