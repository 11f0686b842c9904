# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Jumps, calls and the budget: RFC 9669 section 4.3."""
from cases import FOLD, IMMEDIATES, WORDS, Case, filled, fold
from isa import (ALU64, CALL, JA, JEQ, JMP, JMP32, JMP_NAME, JNE, K, MUL, NEG, RETURN, X, Insn, add,
                 call, callx, jump, lddw, load, mov, movr, store)
from model import CODE, FRAMES, STACK

CLASSES = {JMP: 'jmp', JMP32: 'jmp32'}


def taken_or_not(group, insn, values):
    """r0 = 1 if the jump is taken, else 2."""
    code = [slot for reg, value in values.items() for slot in lddw(reg, value)]
    return Case(group, code + [mov(0, 1), insn, mov(0, 2), RETURN])


def conditions():
    for kind, what in CLASSES.items():
        for op, symbol in JMP_NAME.items():
            for d in WORDS:
                for s in WORDS:
                    insn = Insn(kind | op | X, 1, 2, 1)
                    yield taken_or_not(f'{what} {symbol} register', insn, {1: d, 2: s})
                for imm in IMMEDIATES:
                    insn = Insn(kind | op | K, 1, 0, 1, imm)
                    yield taken_or_not(f'{what} {symbol} immediate', insn, {1: d})


def registers():
    """A jump, taken or not, changes no register."""
    for kind in CLASSES:
        for op in JMP_NAME:
            for d in range(10):
                by_register = Insn(kind | op | X, d, (d + 4) % 10, 1)
                for insn in (by_register, Insn(kind | op | K, d, 0, 1, 9)):
                    yield Case('registers of jumps', filled([insn, mov(9, 1)]))


def distances():
    """Forward and back, near and far, by each of the two unconditional jumps and by a condition."""
    for far in (1, 2, 100, 1000, 3000):
        filler = [mov(0, 9)] * far
        for insn in (jump(far), Insn(JMP32 | JA, imm=far), Insn(JMP | JEQ | K, 0, 0, far, 3)):
            yield Case('jump forward', [mov(0, 3), insn] + filler + [RETURN])
        start, to = [mov(0, 5), jump(far + 2), mov(0, 6), RETURN], -far - 3
        for back in (jump(to), Insn(JMP32 | JA, imm=to), Insn(JMP | JNE | K, 0, 0, to, 9)):
            yield Case('jump back', start + filler + [back, RETURN])
    # To the very first instruction, where the distance and the place add up to nothing.
    count = [add(0, 1), Insn(JMP | JEQ | K, 0, 0, 1, 5)]
    for back in (jump(-3), Insn(JMP32 | JA, imm=-3)):
        yield Case('jump back', count + [back, RETURN])
    yield Case('jump back', [add(0, 1), Insn(JMP | JNE | K, 0, 0, -2, 5), RETURN])
    for kind in CLASSES:
        for turns in (1, 10, 200):
            loop = [add(0, 3), add(1, -1), Insn(kind | JNE | K, 1, 0, -3)]
            yield Case('loops', [mov(0, 0), mov(1, turns)] + loop + [RETURN])


def nested(depth):
    """A function that calls itself `depth` times and uses its r6 to r9 and its stack after that."""
    body = [Insn(JMP | JNE | K, 1, 0, 2, 0), mov(0, 1), RETURN]
    body += [movr(6, 1), movr(7, 1), movr(8, 10), movr(9, 1), Insn(ALU64 | MUL | K, 9, imm=77)]
    body += [store(8, 10, 1, -8), add(1, -1), call(-len(body) - 3)]
    body += [load(8, 2, 10, -8), load(8, 3, 8, -8)] + fold(6, 7, 8, 9, 2, 3, 10) + [RETURN]
    after = fold(6, 9, 10) + [RETURN]
    return [mov(1, depth), mov(6, 42), mov(9, 43), call(len(after))] + after + body


def calls():
    for depth in range(FRAMES + 3):
        yield Case('nested calls', nested(depth))
    yield Case('calls', [mov(1, 20), call(1), RETURN, movr(0, 1), add(0, 1), RETURN])
    yield Case('calls', [call(3), RETURN, mov(0, 7), RETURN, call(-3), RETURN])
    # A callee may read and write its caller's frame; a caller not its callee's.
    child = [store(8, 1, 1, 0), movr(0, 10), RETURN]
    for read in (load(8, 0, 10, -16), load(8, 0, 0, -8)):
        yield Case('frames', [movr(1, 10), add(1, -16), call(2), read, RETURN] + child)
    yield Case('frames', [call(1), RETURN, load(8, 0, 10, -513), RETURN])
    yield Case('frames', [load(8, 0, 10, -513), RETURN])
    again = [load(8, 0, 10, -8), mov(1, 99), store(8, 10, 1, -8), RETURN]
    yield Case('frames', [call(5), movr(6, 0), call(3)] + fold(6) + [RETURN] + again)


def calls_by_address():
    """Functions called by address, and addresses that are none."""
    start = [mov(1, 5)] + lddw(3, CODE + 8 * 6) + [callx(3), add(0, 1), RETURN]
    yield Case('callx', start + [movr(0, 1), Insn(ALU64 | NEG | K, 0), RETURN])
    for reg in (0, 2, 4, 5, 6, 9):
        yield Case('callx', lddw(reg, CODE + 8 * 4) + [callx(reg), RETURN, mov(0, 4), RETURN])
    # The first of them lies just behind the program.
    for address in (CODE + 8 * 5, CODE + 8 * 6, CODE + 8 * 4096, CODE + 0xfffff8, CODE + 4,
                    CODE | 1 << 32, STACK, 1 << 24, 2**63, -8, 0xfe000000, CODE - 8, 1 << 32 | 5, 0,
                    999, 0xffffff):
        yield Case('callx to no function', lddw(3, address) + [callx(3), mov(0, 1), RETURN])
    # Into the second slot of an lddw: its opcode is none.
    yield Case('callx to no function', lddw(3, CODE + 8) + [callx(3), mov(0, 1), RETURN])
    yield Case('nested calls', lddw(3, CODE) + [callx(3), RETURN])


def helpers():
    """strtol (Linux's helper 105) by number and by callx: its result, and that r6 to r9 survive."""
    text = b'-31415 '
    prepare = [slot for i in (6, 7, 8, 9) for slot in lddw(i, i << 40)]
    prepare += lddw(0, int.from_bytes(text + b'\0', 'little')) + [store(8, 10, 0, -8), movr(1, 10)]
    prepare += [add(1, -8), mov(2, len(text)), mov(3, 10), movr(4, 10), add(4, -16)]
    finish = [load(8, 1, 10, -16)] + fold(1, 6, 7, 8, 9) + [RETURN]
    r0 = len(text.strip())
    for value in (int(text), 6 << 40, 7 << 40, 8 << 40, 9 << 40):
        r0 = (r0 * FOLD + value) & (1 << 64) - 1
    yield Case('helpers', prepare + [Insn(JMP | CALL, imm=105)] + finish, r0=r0)
    yield Case('helpers', prepare + [mov(5, 105), callx(5)] + finish, r0=r0)


def budget():
    """The run ends at the instruction that the budget no longer covers, wherever that is."""
    for length in range(7):
        yield Case('budget', [mov(2, 1)] * length + [jump(-length - 1)])
    yield Case('budget', [mov(1, -1), add(1, -1), Insn(JMP | JNE | K, 1, 0, -2), RETURN])


def cases():
    for part in (conditions, registers, distances, calls, calls_by_address, helpers, budget):
        yield from part()
