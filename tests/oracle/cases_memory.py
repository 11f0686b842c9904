# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Loads, stores and atomic operations, RFC 9669 section 5, and the bounds of memory."""
import random

from cases import WORDS, Case, fill, fold
from isa import (ADD, ALU, ALU64, ALU_NAME, AND, ATOMIC, CMPXCHG, DIV, FETCH, K, LDX, MEM, MEMSX,
                 MOD, OR, RETURN, SIZE, ST, STX, X, XCHG, XOR, Insn, add, lddw, load, mov, movr,
                 store)
from model import MEMORY, STACK

BYTES = bytes((i * 83 + 0x9c) & 0xff for i in range(40))
ATOMICS = [op | fetch for op in (ADD, OR, AND, XOR) for fetch in (0, FETCH)] + [XCHG, CMPXCHG]


def contents(base, size=40):
    """Folds `size` bytes from the address in register `base`; spoils r5."""
    return [slot for off in range(0, size, 8) for slot in [load(8, 5, base, off)] + fold(5)]


def loads():
    for size in SIZE:
        for off in range(0, 33 if size == 8 else 40):
            yield Case(f'load of {size}', [mov(0, -1), load(size, 0, 1, off), RETURN], BYTES)
            if size < 8:
                insn = Insn(LDX | MEMSX | SIZE[size], 0, 1, off)
                yield Case(f'sign-extending load of {size}', [insn, RETURN], BYTES)
        for d in range(10):
            code = lddw((d + 1) % 10, MEMORY + 3) + [load(size, d, (d + 1) % 10, 2)]
            yield Case('registers of loads', fill() + code + fold(*range(10)) + [RETURN], BYTES)
        yield Case('registers of loads', [load(size, 1, 1, 5), movr(0, 1), RETURN], BYTES)


def stores():
    for size in SIZE:
        for off in (0, 1, 2, 3, 4, 5, 7, 8, 13, 31, 32):
            for value in (0, -1, 0x123456789abcdef0, 0x80, -2**31):
                code = [movr(6, 1)] + lddw(3, value) + [store(size, 1, 3, off)]
                code += contents(6) + fold(3) + [RETURN]
                yield Case(f'store of {size}', code, BYTES)
            for imm in (0, -1, 0x12345678, 0x80, -2**31):
                insn = Insn(ST | MEM | SIZE[size], 1, 0, off, imm)
                code = [movr(6, 1), insn] + contents(6) + [RETURN]
                yield Case(f'store of {size} immediate', code, BYTES)
        code = [store(size, 1, 1, 8), movr(6, 1)] + contents(6) + [RETURN]
        yield Case('store of its own address', code, BYTES)
        for off in (-512, -511, -100, -9, -8):
            code = lddw(3, 0x1122334455667788) + [store(size, 10, 3, off), load(8, 0, 10, off)]
            yield Case('stack', code + [load(8, 1, 10, -512)] + fold(1) + [RETURN])
    whole = [movr(6, 10), add(6, -512)] + contents(6, 512) + [RETURN]
    yield Case('stack begins as zeros', whole)


def access(size, base, off, kind):
    insn = {'load': load(size, 0, 3, off), 'store': store(size, 3, 4, off),
            'atomic': Insn(STX | ATOMIC | SIZE[size], 3, 4, off, ADD)}[kind]
    code = [mov(0, 1), mov(4, 1)] + lddw(3, base) + [insn, RETURN]
    return Case(f'bounds: {kind}', code, BYTES)


def bounds():
    """Around every edge there is, and around those of the numbers."""
    edges = [(MEMORY, 0), (MEMORY + len(BYTES), 0), (STACK, 0), (STACK + 512, 0), (STACK + 1024, 0),
             (0, 0), (-8, 8), (-1, 1), (2**63, 0), (MEMORY | 1 << 32, 0), (MEMORY + 0x1000000, 0),
             (MEMORY + 0xffffff, 0), (MEMORY - 0x7fff, 0x7fff), (MEMORY + 0x8000, -0x8000),
             (0xff000000, 0), (31 << 24, 0), (32 << 24, 0), (0xffffff, 1)]
    for base, off in edges:
        for size in SIZE:
            for delta in (-9, -8, -7, -4, -2, -1, 0, 1, 2, 7, 8):
                if -0x8000 <= off + delta < 0x8000:
                    yield access(size, base, off + delta, 'load')
                    yield access(size, base, off + delta, 'store')
                if size >= 4:
                    yield access(size, base + delta, off, 'atomic')
    for size in SIZE:
        yield Case('no memory', [load(size, 0, 1), RETURN])
    for size in (1, 2, 4):
        for off in (-1, 0, 32, 36, 37, 38, 39, 40):
            insn = Insn(LDX | MEMSX | SIZE[size], 0, 1, off)
            yield Case('bounds: sign-extending load', [insn, RETURN], BYTES)


def atomic_name(op):
    if op in (XCHG, CMPXCHG):
        return 'xchg' if op == XCHG else 'cmpxchg'
    return ALU_NAME[op & ~FETCH] + (' fetch' if op & FETCH else '')


def atomic(size, op, old, value, r0, base=1, src=3):
    """All that an atomic operation can change: the memory around it, the source, the base, r0."""
    memory = b'\x5a\xa5' * 4 + (old & 2**64 - 1).to_bytes(8, 'little') + b'\xc3' * 24
    code = [movr(6, 1)] + ([movr(base, 1)] if base != 1 else [])
    if src != base:
        code += lddw(src, value)
    if src != 0 and base != 0:
        code += lddw(0, r0)
    code += [Insn(STX | ATOMIC | SIZE[size], base, src, 8, op), movr(7, src), movr(8, base)]
    code += fold(7, 8) + contents(6) + [RETURN]
    return Case(f'atomic{size * 8} {atomic_name(op)}', code, memory)


def atomics():
    values = [0, 1, -1, 2**31, 2**32 - 1, -2**63, 0x123456789abcdef0, 0xdeadbeef00000001]
    for size in (4, 8):
        for op in ATOMICS:
            for old in values:
                for value in values:
                    yield atomic(size, op, old, value, 0x7700000077)
                if op == CMPXCHG:  # hits in the whole word, in its lower half alone, and misses
                    for r0 in (old, old ^ 1 << 40, old & 0xffffffff, old ^ 1, ~old):
                        yield atomic(size, op, old, 0x5152535455565758, r0)
            for base, src in ((2, 2), (0, 4), (4, 0), (0, 0), (9, 8), (5, 9)):
                old = 0x0123456789abcdef
                yield atomic(size, op, old, 0x1111111122222222, 0x89abcdef, base, src)
            for off in (-16, -12, -15, -11, -8, -4):
                code = [mov(1, 3), store(8, 10, 1, -16)]
                code += [Insn(STX | ATOMIC | SIZE[size], 10, 1, off, op), load(8, 2, 10, -16)]
                yield Case('atomics on the stack', code + fold(1, 2) + [RETURN])
            for off in (1, 2, 3, 4, 5, 6, 7, 33, 36, 37, 38, 39, 40):
                code = [mov(3, 1), Insn(STX | ATOMIC | SIZE[size], 1, 3, off, op)] + fold(3)
                yield Case('atomics off their alignment', code + [RETURN], BYTES)


def random_insn(draw):
    """A valid instruction on r0 to r5, the memory at r6 or the stack; no jumps, and few traps."""
    d, s = draw.randrange(6), draw.randrange(6)
    kind = draw.random()
    base, low, high = draw.choice([(6, 0, 32), (10, -64, -8)])
    if kind < 0.6:
        op = draw.choice(list(ALU_NAME))
        off = draw.randrange(2) if op in (DIV, MOD) else 0
        form = draw.choice([K, X])
        imm = draw.choice([0, 1, 31, 63, -1, draw.randrange(-2**31, 2**31)])
        code = draw.choice([ALU, ALU64]) | op | form
        return Insn(code, d, s, off) if form else Insn(code, d, 0, off, imm)
    size = draw.choice(list(SIZE))
    off = draw.randrange(low, high + 1)
    if kind < 0.75:
        return load(size, d, base, off)
    if kind < 0.9:
        return store(size, base, s, off)
    size = draw.choice([4, 8])
    return Insn(STX | ATOMIC | SIZE[size], base, s, off & ~(size - 1), draw.choice(ATOMICS))


def mixed():
    """Long random stretches, the same in every run: what one leaves behind shows in the next."""
    draw = random.Random(9669)
    for _ in range(400):
        code = [movr(6, 1)] + [slot for reg in range(6) for slot in lddw(reg, draw.choice(WORDS))]
        code += [random_insn(draw) for _ in range(draw.randrange(5, 60))]
        code += fold(1, 2, 3, 4, 5) + contents(6) + [movr(7, 10), add(7, -64)] + contents(7, 64)
        yield Case('mixed', code + [RETURN], BYTES)


def cases():
    for part in (loads, stores, bounds, atomics, mixed):
        yield from part()
