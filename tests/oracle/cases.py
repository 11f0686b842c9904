# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a test case is, and the pieces that cases are put together from."""
from typing import NamedTuple, Optional

from isa import ALU64, ARSH, K, LSH, MUL, RETURN, RSH, Insn, addr, lddw, movr

WORDS = [0, 1, 2, 7, -1, -13, -2**31, 2**31 - 1, -2**63, 2**63 - 1, 2**31, 2**32 - 1, 2**32,
         2**31 << 32 | 5, 0xdeadbeef << 32, 0x123456789abcdef0, 0xa5a5a5a500000003,
         0x0102030405060708]
COUNTS = [0, 1, 5, 8, 31, 32, 33, 63, 64, 65, 127, -1, -2**63, 2**32 | 3, 0xdeadbeef00000020]
IMMEDIATES = [0, 1, 2, 3, 10, -1, -2, -13, -2**31, 2**31 - 1, 0x55aa1234, -0x21524111]
IMMEDIATE_COUNTS = [0, 1, 7, 31, 32, 33, 63, 64, -1, -2**31]
SHIFTS = (LSH, RSH, ARSH)
FOLD = 0x01000193  # odd, so that no bit gets lost


class Case(NamedTuple):
    """A program and what has to come of it; `refused`: the pc at which the checker finds fault."""
    group: str
    insns: list
    memory: bytes = b''
    r0: Optional[int] = None  # None: what the model says
    refused: Optional[int] = None
    modelled: bool = True  # whether the model knows what it does if it is run nevertheless


def fold(*registers):
    """r0 = a number that depends on each of these registers and on their order."""
    code = []
    for reg in registers:
        code += [Insn(ALU64 | MUL | K, 0, imm=FOLD), addr(0, reg)]
    return code


def after(group, insn, values):
    """One instruction after registers were set, {number: value}; r0 is its destination."""
    code = [slot for reg, value in values.items() for slot in lddw(reg, value)]
    return Case(group, code + [insn, movr(0, insn.dst), RETURN])


def fill():
    """Gives every register a value of its own."""
    return [slot for reg in range(10) for slot in lddw(reg, (reg + 3) * 0x9e3779b97f4a7c15)]


def filled(insns):
    """Instructions on registers that are all filled, and a sum over all of them after that."""
    return fill() + list(insns) + fold(*range(10)) + [RETURN]
