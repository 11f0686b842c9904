# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Encodings that RFC 9669 does not define, and jumps that leave the program: all refused."""
import random
from typing import NamedTuple

from cases import Case
from isa import (ABS, ALU, ALU64, ALU_NAME, ATOMIC, CALL, DIV, END, FETCH, IND, JA, JEQ, JMP,
                 JMP32, JMP_NAME, K, LD, LDX, MEM, MEMSX, MOD, MOV, NEG, RETURN, SIZE, ST, STX, X,
                 Insn, call, jump, lddw, mov)
from cases_memory import ATOMICS

TAIL = [RETURN, mov(0, 1), RETURN]


class Form(NamedTuple):
    """A valid instruction: the fields that it uses, that choose an operation, that it writes."""
    insn: Insn
    uses: str
    selects: str = ''
    writes: str = ''


def arithmetic_forms():
    for kind in (ALU, ALU64):
        for op in ALU_NAME:
            selects = 'off' if op in (DIV, MOD, MOV) else ''
            yield Form(Insn(kind | op | K, 1), 'dst imm', selects, 'dst')
            yield Form(Insn(kind | op | X, 1, 2), 'dst src', selects, 'dst')
        for op in (DIV, MOD):
            yield Form(Insn(kind | op | K, 1, 0, 1), 'dst imm', 'off', 'dst')
            yield Form(Insn(kind | op | X, 1, 2, 1), 'dst src', 'off', 'dst')
        for width in (8, 16, 32)[:2 if kind == ALU else 3]:
            yield Form(Insn(kind | MOV | X, 1, 2, width), 'dst src', 'off', 'dst')
        yield Form(Insn(kind | NEG | K, 1), 'dst', '', 'dst')
    for code in (ALU | END | K, ALU | END | X, ALU64 | END | K):
        for width in (16, 32, 64):
            yield Form(Insn(code, 1, imm=width), 'dst', 'imm', 'dst')


def other_forms():
    for kind in (JMP, JMP32):
        for op in JMP_NAME:
            yield Form(Insn(kind | op | K, 1), 'dst off imm')
            yield Form(Insn(kind | op | X, 1, 2), 'dst src off')
    yield Form(Insn(JMP | JA), 'off')
    yield Form(Insn(JMP32 | JA), 'imm')
    yield Form(Insn(JMP | CALL, src=1, imm=1), 'imm', 'src')
    yield Form(Insn(JMP | CALL | X, 1), 'dst')
    yield Form(RETURN, '')
    for size in SIZE.values():
        yield Form(Insn(LDX | MEM | size, 2, 1), 'dst src off', '', 'dst')
        yield Form(Insn(STX | MEM | size, 1, 2), 'dst src off')
        yield Form(Insn(ST | MEM | size, 1), 'dst off imm')
    for size in (1, 2, 4):
        yield Form(Insn(LDX | MEMSX | SIZE[size], 2, 1), 'dst src off', '', 'dst')
    for size in (4, 8):
        for op in ATOMICS:
            writes = 'src' if op & FETCH and op & 0xf0 != 0xf0 else ''
            yield Form(Insn(STX | ATOMIC | SIZE[size], 1, 2, 0, op), 'dst src off', 'imm', writes)


FORMS = list(arithmetic_forms()) + list(other_forms())
WIDE = LD | SIZE[8]
MEMORY = bytes(8)


def valid():
    """Every form as it should be, and with r10 where it may be: accepted, or the rest is moot."""
    for form in FORMS:
        if form.insn.code != JMP | CALL | X:
            yield Case('valid forms', [form.insn] + TAIL, MEMORY)
    for size in SIZE.values():
        yield Case('valid uses of r10', [Insn(STX | MEM | size, 10, 10, -8)] + TAIL)
        yield Case('valid uses of r10', [Insn(LDX | MEM | size, 1, 10, -8)] + TAIL)
    for op in JMP_NAME:
        yield Case('valid uses of r10', [Insn(JMP | op | X, 10, 10)] + TAIL)


def refused(group, insns, pc=0, modelled=False):
    return Case(group, insns, MEMORY, refused=pc, modelled=modelled)


def opcodes():
    known = {form.insn.code for form in FORMS} | {WIDE}
    for code in range(256):
        if code not in known:
            for fields in ((), (1, 2), (0, 0, 0, 64), (0, 0, 1, 0)):
                yield refused('unknown opcodes', [Insn(code, *fields)] + TAIL)


def fields():
    """Unused fields have to be 0; registers end at r10, which is not written to."""
    for insn, uses, selects, writes in FORMS:
        for field in ('dst', 'src', 'off', 'imm'):
            if field not in uses and field not in selects:
                for value in (1, 10, -1)[:3 if field in ('off', 'imm') else 2]:
                    yield refused('reserved fields', [insn._replace(**{field: value})] + TAIL)
        for field in ('dst', 'src'):
            if field in uses:
                for value in range(11, 16):
                    yield refused('registers above r10', [insn._replace(**{field: value})] + TAIL)
            if field in writes:
                yield refused('writes to r10', [insn._replace(**{field: 10})] + TAIL)
    for reg in range(10, 16):
        yield refused('writes to r10' if reg == 10 else 'registers above r10', lddw(reg, 1) + TAIL)


def variants():
    """Operations that `off`, `imm` or `src` would choose if they existed."""
    for kind in (ALU, ALU64):
        for form in (K, X):
            for off in (2, 3, 8, 16, -1, 0x100, 0x101, -0x8000):
                for op in (DIV, MOD):
                    insn = Insn(kind | op | form, 1, 0, off)
                    yield refused('variants of division', [insn] + TAIL)
        for off in (1, 4, 7, 9, 24, 64, -8, 0x108, 0x110) + ((32,) if kind == ALU else ()):
            yield refused('variants of moves', [Insn(kind | MOV | X, 1, 2, off)] + TAIL)
        for off in (1, 8, 16, 32, -1):
            yield refused('variants of moves', [Insn(kind | MOV | K, 1, 0, off, 5)] + TAIL)
    for code in (ALU | END | K, ALU | END | X, ALU64 | END | K):
        for width in (0, 1, 8, 15, 17, 24, 48, 63, 65, 128, -16, 0x110, 0x1000010):
            yield refused('variants of byte order', [Insn(code, 1, imm=width)] + TAIL)
    for size in (4, 8):
        far = [0x100, 0x1e1, 0x140, -1, -2**31, 0x1000000]
        for op in sorted(set(range(256)) - set(ATOMICS)) + far:
            insn = Insn(STX | ATOMIC | SIZE[size], 1, 2, 0, op)
            yield refused('variants of atomics', [insn] + TAIL)
    for src in range(1, 16):
        yield refused('variants of lddw', lddw(1, 0, src) + TAIL)
        if src > 1:
            yield refused('variants of call', [Insn(JMP | CALL, src=src, imm=1)] + TAIL)
    for number in (0, 4, 100000, -1, -2**31, 2**31 - 1, 5 + 256, 5 + 65536):
        yield refused('helpers that do not exist', [Insn(JMP | CALL, imm=number)] + TAIL)


def wide():
    first, second = lddw(1, 0x1122334455667788)
    for change in ({'code': 0x95}, {'code': 1}, {'dst': 1}, {'src': 1}, {'off': 1}, {'off': -1}):
        yield refused('second slot of lddw', [first, second._replace(**change)] + TAIL)
    yield refused('second slot of lddw', [first, RETURN])
    yield refused('second slot of lddw', [first])
    yield refused('second slot of lddw', [mov(0, 1), first], 1)
    yield refused('second slot of lddw', [first._replace(off=1), second] + TAIL)
    for size in (4, 2, 1):
        for mode in (ABS, IND):
            yield refused('legacy packet access', [Insn(LD | mode | SIZE[size])] + TAIL)


def control():
    """Jumps and calls out of the program and into an lddw; ends that run on."""
    jumps = [lambda n: jump(n), lambda n: Insn(JMP32 | JA, imm=n), lambda n: call(n)]
    jumps += [lambda n, code=kind | op | form: Insn(code, 1, 0, n) for kind in (JMP, JMP32)
              for op in JMP_NAME for form in (K, X)]
    for make in jumps:
        for far in (3, 4, 100, 32767, -2, -3, -100, -32768):
            yield refused('jumps out of the program', [make(far)] + TAIL, modelled=True)
        yield refused('jumps into an lddw', [make(2), RETURN] + lddw(0, 5) + TAIL, modelled=True)
        yield refused('jumps into an lddw', lddw(0, 0x95) + [make(-2)] + TAIL, 2, True)
    for imm in (2**31 - 1, -2**31, -2**31 + 1, 2**29, 65536):
        yield refused('jumps out of the program', [Insn(JMP32 | JA, imm=imm)] + TAIL, modelled=True)
        yield refused('jumps out of the program', [call(imm)] + TAIL, modelled=True)
    for last in ([mov(0, 1)], [Insn(JMP | JEQ | K, 0, 0, -2)], [call(-2)], lddw(0, 0x95)):
        yield refused('ends that run on', [mov(0, 0)] + last, 1, True)
    yield refused('no program', [])


WRONG = {'code': range(256), 'dst': range(16), 'src': range(16), 'off': range(-10, 10),
         'imm': range(-10, 10)}


def noise(draw):
    return Insn(draw.randrange(256), draw.randrange(16), draw.randrange(16),
                draw.choice([0, 1, -1, -3, draw.randrange(-2**15, 2**15)]),
                draw.choice([0, 1, 2, -2, draw.randrange(-2**31, 2**31)]))


def calls_helper(insn):
    """It may reach a clock or a random number, and no two runs were the same."""
    return insn.code == JMP | CALL | X or (insn.code == JMP | CALL and insn.src == 0)


def garbage():
    """Bytes that never were a program, and programs with one field gone wrong."""
    draw = random.Random(9669)
    programs = [[noise(draw) for _ in range(draw.randrange(1, 9))] for _ in range(1000)]
    for _ in range(2000):
        code = [draw.choice(FORMS).insn for _ in range(8)] + TAIL
        at = draw.randrange(8)
        field = draw.choice(list(WRONG))
        code[at] = code[at]._replace(**{field: draw.choice(WRONG[field])})
        programs.append(code)
    for code in programs:
        if not any(map(calls_helper, code)):
            yield Case('garbage', code, MEMORY, modelled=False)


def cases():
    for part in (valid, opcodes, fields, variants, wide, control):
        yield from part()
