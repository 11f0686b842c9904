# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
A second opinion: executes guests as RFC 9669 words it. Shares nothing with the machine but the
address map of include/vm.h, the number of frames and their size; numbers are of unlimited width and
get cut where the RFC says so. A caller may give the stack and the memory another place before it
imports the cases.
"""
import operator

from isa import (ABS, ADD, ALU, ALU64, AND, ARSH, ATOMIC, CALL, CMPXCHG, DIV, END, EXIT, FETCH, IMM,
                 IND, JA, JEQ, JGE, JGT, JLE, JLT, JMP, JMP32, JNE, JSET, JSGE, JSGT, JSLE, JSLT,
                 LD, LDX, LSH, MEM, MEMSX, MOD, MOV, MUL, NEG, OR, RSH, SIZE, ST, SUB, X, XCHG,
                 XOR, signed)

FRAMES, FRAME_SIZE = 8, 512
STACK, MEMORY, CODE = 0x01000000, 0x02000000, 0xff000000
U64 = (1 << 64) - 1
BYTES = {v: k for k, v in SIZE.items()}


class Trap(Exception):
    """The guest stopped other than by EXIT; the argument is a name of include/traps.def."""


def truncated_quotient(a, b):
    """a / b rounded toward zero (section 4.1), of whole numbers of any size."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def divide(a, b):
    return truncated_quotient(a, b) if b else 0


def modulo(a, b):
    return a - b * truncated_quotient(a, b) if b else a


def second(_, b):
    return b


ARITHMETIC = {ADD: operator.add, SUB: operator.sub, MUL: operator.mul, OR: operator.or_,
              AND: operator.and_, XOR: operator.xor, MOV: second, DIV: divide, MOD: modulo}
CONDITION = {JEQ: operator.eq, JNE: operator.ne, JSET: operator.and_, JGT: operator.gt,
             JGE: operator.ge, JLT: operator.lt, JLE: operator.le, JSGT: operator.gt,
             JSGE: operator.ge, JSLT: operator.lt, JSLE: operator.le}
COMBINE = {ADD: operator.add, OR: operator.or_, AND: operator.and_, XOR: operator.xor,
           XCHG & ~FETCH: second}


class Machine:
    """One run of a program over a private copy of `memory`."""

    def __init__(self, insns, memory=b''):
        self.insns, self.memory = insns, bytearray(memory)
        self.stack = bytearray(FRAMES * FRAME_SIZE)
        self.reg = [0] * 11
        self.reg[1:3] = (MEMORY, len(memory)) if memory else (0, 0)
        self.frames, self.pc, self.steps = [], 0, 0
        self.open_frame()

    def open_frame(self):
        self.reg[10] = STACK + (len(self.frames) + 1) * FRAME_SIZE

    def run(self, budget):
        """Returns ('r0', value), or (name of the trap, pc)."""
        try:
            while self.pc is not None:
                if self.steps == budget:
                    raise Trap('STEPS')
                if not 0 <= self.pc < len(self.insns):
                    raise Trap('JUMP')
                self.steps += 1
                self.step(self.insns[self.pc])
        except Trap as trap:
            return str(trap), self.pc
        return 'r0', self.reg[0]

    def step(self, i):
        kind = i.code & 7
        if kind in (ALU, ALU64):
            self.reg[i.dst] = self.arithmetic(i, 64 if kind == ALU64 else 32)
        elif kind in (JMP, JMP32):
            self.pc = self.jump(i, 64 if kind == JMP else 32)
            return
        elif kind == LD:
            self.wide(i)
        else:
            self.access(i)
        self.pc += 1

    def second_operand(self, i):
        return self.reg[i.src] if i.code & X else i.imm

    def arithmetic(self, i, bits):
        op, d, s = i.code & 0xf0, self.reg[i.dst], self.second_operand(i)
        mask, shift = (1 << bits) - 1, s & (bits - 1)
        if op == END:
            return self.swapped(i, d)
        if op == NEG:
            return -d & mask
        if op == LSH:
            return d << shift & mask
        if op == RSH:
            return (d & mask) >> shift
        if op == ARSH:
            return signed(d, bits) >> shift & mask
        if op == MOV and i.off:
            return signed(s, i.off) & mask
        if op not in ARITHMETIC:
            raise Trap('ILLEGAL')
        cut = (lambda v: signed(v, bits)) if op in (DIV, MOD) and i.off else lambda v: v & mask
        return ARITHMETIC[op](cut(d), cut(s)) & mask

    @staticmethod
    def swapped(i, d):
        """Section 4.2; the machine is little-endian, as bpfel objects are."""
        raw = (d & (1 << i.imm) - 1).to_bytes(i.imm // 8, 'little')
        swap = i.code & 7 == ALU64 or i.code & X
        return int.from_bytes(raw, 'big' if swap else 'little')

    def jump(self, i, bits):
        """Where execution goes on; None at the end of the run."""
        op, following = i.code & 0xf0, self.pc + 1
        if op == JA:
            return following + (i.off if bits == 64 else i.imm)
        if op == CALL:
            return self.call(self.target(i))
        if op == EXIT:
            return self.leave()
        if op not in CONDITION:
            raise Trap('ILLEGAL')
        is_signed = op in (JSGT, JSGE, JSLT, JSLE)
        cut = (lambda v: signed(v, bits)) if is_signed else lambda v: v & (1 << bits) - 1
        holds = CONDITION[op](cut(self.reg[i.dst]), cut(self.second_operand(i)))
        return following + (i.off if holds else 0)

    def target(self, i):
        """Of a call; a callx finds eight bytes to an instruction in the code region."""
        if not i.code & X:
            return self.pc + 1 + i.imm
        address = self.reg[i.dst]
        if address < 1 << 24:
            raise Trap('HELPER')
        if address >> 24 != CODE >> 24 or address % 8:
            raise Trap('JUMP')
        return (address & 0xffffff) // 8

    def call(self, target):
        if len(self.frames) == FRAMES - 1:
            raise Trap('FRAMES')
        self.frames.append((self.pc + 1, self.reg[6:10]))
        self.open_frame()
        return target

    def leave(self):
        if not self.frames:
            return None
        pc, self.reg[6:10] = self.frames.pop()
        self.open_frame()
        return pc

    def wide(self, i):
        if i.code & 0xe0 in (ABS, IND):
            raise Trap('LEGACY')
        if i.code != LD | IMM | SIZE[8]:
            raise Trap('ILLEGAL')
        self.pc += 1
        self.reg[i.dst] = (self.insns[self.pc].imm << 32 | i.imm & 0xffffffff) & U64

    def access(self, i):
        size, mode, kind = BYTES[i.code & 0x18], i.code & 0xe0, i.code & 7
        if kind == LDX:
            data, at = self.place(self.reg[i.src] + i.off, size)
            value = int.from_bytes(data[at:at + size], 'little')
            self.reg[i.dst] = signed(value, size * 8) & U64 if mode == MEMSX else value
            return
        data, at = self.place(self.reg[i.dst] + i.off, size)
        if mode == ATOMIC:
            self.atomic(i, data, at, size)
        elif mode == MEM:
            self.put(data, at, size, i.imm if kind == ST else self.reg[i.src])

    @staticmethod
    def put(data, at, size, value):
        data[at:at + size] = (value & (1 << size * 8) - 1).to_bytes(size, 'little')

    def atomic(self, i, data, at, size):
        """Section 5.3."""
        if at % size:
            raise Trap('ATOMIC')
        mask = (1 << size * 8) - 1
        old = int.from_bytes(data[at:at + size], 'little')
        if i.imm == CMPXCHG:
            if old == self.reg[0] & mask:
                self.put(data, at, size, self.reg[i.src])
            self.reg[0] = old
            return
        self.put(data, at, size, COMBINE[i.imm & ~FETCH](old, self.reg[i.src]))
        if i.imm & FETCH:
            self.reg[i.src] = old

    def place(self, address, size):
        """The bytes behind a guest address, and where in them."""
        address &= U64
        for base, data, size_of in ((STACK, self.stack, (len(self.frames) + 1) * FRAME_SIZE),
                                    (MEMORY, self.memory, len(self.memory))):
            if base <= address and address + size <= base + size_of:
                return data, address - base
        raise Trap('BOUNDS')
