# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Arithmetic and byte order, RFC 9669 sections 4.1 and 4.2, at the edges of every width."""
from cases import COUNTS, IMMEDIATE_COUNTS, IMMEDIATES, SHIFTS, WORDS, Case, after, filled, fold
from isa import ADD, ALU, ALU64, ALU_NAME, DIV, END, K, MOD, MOV, NEG, RETURN, X, Insn, lddw, movr

CLASSES = {ALU: 'alu32', ALU64: 'alu64'}
FORMS = [(op, 0) for op in ALU_NAME] + [(DIV, 1), (MOD, 1)]
SWAPS = [(ALU | END | K, 'le'), (ALU | END | X, 'be'), (ALU64 | END | K, 'bswap')]
WIDTHS = {ALU: (8, 16), ALU64: (8, 16, 32)}


def name(kind, op, off):
    return f'{CLASSES[kind]} {"s" if off else ""}{ALU_NAME[op]}'


def pairs():
    """Every operation in its four forms, on every pair of operands."""
    for kind in CLASSES:
        for op, off in FORMS:
            for d in WORDS:
                for s in COUNTS if op in SHIFTS else WORDS:
                    insn = Insn(kind | op | X, 1, 2, off)
                    yield after(f'{name(kind, op, off)} register', insn, {1: d, 2: s})
                for imm in IMMEDIATE_COUNTS if op in SHIFTS else IMMEDIATES:
                    insn = Insn(kind | op | K, 1, 0, off, imm)
                    yield after(f'{name(kind, op, off)} immediate', insn, {1: d})


def single():
    """Operations with one operand: negation, sign-extending moves, byte order."""
    for d in WORDS + [0x80, 0x7f, 0x8000, 0x7fff, 0xffffff80, 0xffff8000]:
        for kind in CLASSES:
            yield after(f'{CLASSES[kind]} negate', Insn(kind | NEG | K, 1), {1: d})
            for width in WIDTHS[kind]:
                insn = Insn(kind | MOV | X, 1, 2, width)
                yield after(f'{CLASSES[kind]} sign-extending move', insn, {1: ~d, 2: d})
        for code, what in SWAPS:
            for width in (16, 32, 64):
                yield after(what, Insn(code, 1, imm=width), {1: d})


def registers():
    """That an operation reads and writes the registers it names, and no other."""
    places = [(d, s) for d in range(10) for s in (d, (d + 1) % 10, (d + 7) % 10)]
    for kind in CLASSES:
        for op, off in FORMS:
            for d, s in places:
                yield Case('registers of arithmetic', filled([Insn(kind | op | X, d, s, off)]))
            for d in range(10):
                yield Case('registers of arithmetic', filled([Insn(kind | op | K, d, 0, off, -77)]))
        for d in range(10):
            yield Case('registers of arithmetic', filled([Insn(kind | NEG | K, d)]))
            for width in WIDTHS[kind]:
                insn = Insn(kind | MOV | X, d, (d + 3) % 10, width)
                yield Case('registers of arithmetic', filled([insn]))
    for d in range(10):
        yield Case('registers of arithmetic', filled([Insn(ALU64 | END | K, d, imm=32)]))


def wide():
    for reg in range(10):
        for value in WORDS:
            yield Case('lddw', lddw(reg, value) + [movr(0, reg), RETURN])
    for d in range(10):
        yield Case('lddw', filled(lddw(d, 0x8000000180000002)))
    # The upper half of a register that nothing wrote to is 0, and r10 can be read.
    for memory in (b'', bytes(100)):
        yield Case('registers at the start', fold(*range(11)) + [RETURN], memory)
    yield Case('registers at the start', [movr(0, 10), Insn(ALU | ADD | X, 0, 10), RETURN])


def cases():
    yield from pairs()
    yield from single()
    yield from registers()
    yield from wide()
