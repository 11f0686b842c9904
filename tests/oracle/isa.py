# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Encodes instructions, and writes them down for a person; from RFC 9669, sections 3 to 5."""
import struct
from typing import NamedTuple

# Instruction classes (section 3.3).
LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 = range(8)
K, X = 0x00, 0x08  # the second operand: `imm` or the source register

# Arithmetic (section 4.1): code in the upper four bits.
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR, MOV, ARSH, END = (n << 4 for n in range(14))
# Jumps (section 4.3).
JA, JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, CALL, EXIT = (n << 4 for n in range(10))
JLT, JLE, JSLT, JSLE = (n << 4 for n in range(10, 14))
# Loads and stores (section 5): mode and size.
IMM, ABS, IND, MEM, MEMSX, ATOMIC = 0x00, 0x20, 0x40, 0x60, 0x80, 0xc0
SIZE = {4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18}
FETCH, XCHG, CMPXCHG = 0x01, 0xe1, 0xf1

ALU_NAME = {ADD: '+=', SUB: '-=', MUL: '*=', DIV: '/=', OR: '|=', AND: '&=', LSH: '<<=', RSH: '>>=',
            MOD: '%=', XOR: '^=', MOV: '=', ARSH: 's>>='}
JMP_NAME = {JEQ: '==', JGT: '>', JGE: '>=', JSET: '&', JNE: '!=', JSGT: 's>', JSGE: 's>=',
            JLT: '<', JLE: '<=', JSLT: 's<', JSLE: 's<='}
ATOMIC_NAME = {ADD: 'add', OR: 'or', AND: 'and', XOR: 'xor'}


class Insn(NamedTuple):
    """One instruction slot; `off` and `imm` signed."""
    code: int
    dst: int = 0
    src: int = 0
    off: int = 0
    imm: int = 0


def signed(value, bits):
    """The lower `bits` of value as a signed number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def encode(insns):
    """The bytes of instructions, in hex."""
    return b''.join(struct.pack('<BBhi', i.code, i.src << 4 | i.dst, signed(i.off, 16),
                                signed(i.imm, 32)) for i in insns).hex()


def lddw(reg, value, src=0):
    """The two slots that load 64 bits."""
    return [Insn(LD | IMM | SIZE[8], reg, src, 0, signed(value, 32)),
            Insn(0, 0, 0, 0, signed(value >> 32, 32))]


def mov(dst, imm):
    return Insn(ALU64 | MOV | K, dst, imm=imm)


def movr(dst, src):
    return Insn(ALU64 | MOV | X, dst, src)


def add(dst, imm):
    return Insn(ALU64 | ADD | K, dst, imm=imm)


def addr(dst, src):
    return Insn(ALU64 | ADD | X, dst, src)


def load(size, dst, src, off=0):
    return Insn(LDX | MEM | SIZE[size], dst, src, off)


def store(size, dst, src, off=0):
    return Insn(STX | MEM | SIZE[size], dst, src, off)


def jump(distance):
    return Insn(JMP | JA, off=distance)


def call(distance):
    return Insn(JMP | CALL, src=1, imm=distance)


def callx(reg):
    return Insn(JMP | CALL | X, reg)


RETURN = Insn(JMP | EXIT)


def operand(i, letter):
    return f'{letter}{i.src}' if i.code & X else hex(i.imm)


def describe_alu(i):
    letter = 'r' if i.code & 7 == ALU64 else 'w'
    op = i.code & 0xf0
    if op == NEG:
        return f'{letter}{i.dst} = -{letter}{i.dst}'
    if op == END:
        kind = 'bswap' if letter == 'r' else 'be' if i.code & X else 'le'
        return f'r{i.dst} = {kind}{i.imm} r{i.dst}'
    if op not in ALU_NAME:
        return 'unknown'
    if op == MOV and i.off:
        return f'{letter}{i.dst} = (s{i.off}){letter}{i.src}'
    sign = 's' if i.off else ''
    return f'{letter}{i.dst} {sign}{ALU_NAME[op]} {operand(i, letter)}'


def describe_jump(i):
    op, letter = i.code & 0xf0, 'r' if i.code & 7 == JMP else 'w'
    if op == JA:
        return f'goto {i.off:+d}' if letter == 'r' else f'gotol {i.imm:+d}'
    if op == CALL:
        return f'callx r{i.dst}' if i.code & X else f'call {i.imm:+d} (kind {i.src})'
    if op == EXIT:
        return 'exit'
    return f'if {letter}{i.dst} {JMP_NAME.get(op, "unknown")} {operand(i, letter)} goto {i.off:+d}'


def describe_memory(i):
    size = {v: k for k, v in SIZE.items()}[i.code & 0x18]
    sign = 's' if i.code & 0xe0 == MEMSX else 'u'
    if i.code & 7 == LDX:
        return f'r{i.dst} = *({sign}{size * 8} *)(r{i.src} {i.off:+d})'
    place = f'*(u{size * 8} *)(r{i.dst} {i.off:+d})'
    if i.code & 7 == ST:
        return f'{place} = {i.imm:#x}'
    if i.code & 0xe0 != ATOMIC:
        return f'{place} = r{i.src}'
    if i.imm in (XCHG, CMPXCHG):
        name = 'xchg' if i.imm == XCHG else 'cmpxchg'
    else:
        name = ATOMIC_NAME.get(i.imm & ~FETCH, 'unknown') + (' fetch' if i.imm & FETCH else '')
    return f'lock {place} {name} r{i.src}'


def describe(insns):
    """A listing, one string for each slot."""
    lines, wide = [], None
    for number, i in enumerate(insns):
        if wide is not None:
            text, wide = '', None
        elif i.code == LD | IMM | SIZE[8]:
            high = insns[number + 1].imm if number + 1 < len(insns) else 0
            wide, text = i, f'r{i.dst} = {(high << 32 | i.imm & 0xffffffff) & (1 << 64) - 1:#x} ll'
        elif i.code & 7 == LD:
            text = 'unknown'
        else:
            text = (describe_memory, describe_jump, describe_alu)[
                0 if i.code & 7 < ALU else 1 if i.code & 7 in (JMP, JMP32) else 2](i)
        fields = f'({i.code:02x}) dst={i.dst} src={i.src} off={i.off} imm={i.imm:#x}'
        lines.append(f'{number:4}: {fields}  {text}')
    return lines
