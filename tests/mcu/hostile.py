# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Guests that broke other machines, or do as their authors did not expect, and how each has to end: at
the addresses of the board that they are for.
"""
from typing import NamedTuple, Optional

from isa import (ADD, ALU, ALU64, ARSH, ATOMIC, CALL, CMPXCHG, DIV, END, FETCH, JA, JEQ, JMP, JMP32,
                 JSET, JSLT, K, LDX, LSH, MEM, MOD, MOV, NEG, RETURN, RSH, SIZE, ST, STX, X, XCHG,
                 Insn, add, call, callx, jump, lddw, load, mov, movr, store)
from link import READ, WRITE, Region

CODE = 0xff000000  # functions, by address
ATOMIC_ACCESS = READ | WRITE | 4
BUDGET = 10000  # instructions
LAST = (1 << 64) - 1
MOST, LEAST = (1 << 63) - 1, 1 << 63
CTX, RO, WO, RW = 0, 64, 128, 192  # offsets in the arena
NONE = 96  # where a region of 0 bytes is
RW_SIZE = 300
REGIONS = (Region(CTX, READ | WRITE, bytes(16)), Region(RO, READ, b'-1234 7\0'),
           Region(WO, WRITE, bytes(8)), Region(NONE, READ | WRITE, b''),
           Region(RW, READ | WRITE, bytes(RW_SIZE)))


class Hostile(NamedTuple):
    """How it ends: `stop` and `pc`, r0 after EXIT, after some traps (address, size, access)."""
    name: str
    insns: list
    stop: str
    pc: int
    r0: Optional[int] = None
    fault: Optional[tuple] = None
    budget: int = BUDGET


def returns(name, r0, insns, pc=None):
    return Hostile(name, insns, 'EXIT', len(insns) - 1 if pc is None else pc, r0 & LAST)


def budgets(_):
    """Each instruction counts, whether it jumps or not; calls and helpers, too."""
    line = [mov(0, n) for n in range(20)] + [RETURN]
    round_ = [call(1), RETURN, mov(0, 7), RETURN]  # 4 instructions, EXIT twice
    for name, insns, end in (('without a jump', line, 20), ('with a call', round_, 1)):
        count = len(insns)
        yield returns(f'{count} instructions {name}', 19 if end == 20 else 7, insns,
                      end)._replace(budget=count)
        yield traps(f'one less {name}', 'STEPS', end, insns)._replace(budget=count - 1)
        yield traps(f'one instruction {name}', 'STEPS', 1 if end == 20 else 2,
                    insns)._replace(budget=1)
        yield traps(f'a budget of nothing {name}', 'STEPS', 0, insns)._replace(budget=0)


def traps(name, stop, pc, insns, fault=None):
    if fault:
        fault = (fault[0] & LAST, *fault[1:])
    return Hostile(name, insns, stop, pc & 0xffffffff, None, fault)


def access(name, board, insn, base, trap=None):
    """r3 = base, and one access by it; without a trap it returns 1."""
    code = [mov(0, 1), mov(4, 1)] + lddw(3, base) + [insn, mov(0, 1), RETURN]
    if not trap:
        return returns(name, 1, code)
    size = {v: k for k, v in SIZE.items()}[insn.code & 0x18]
    how = READ if insn.code & 7 == LDX else ATOMIC_ACCESS if insn.code & 0xe0 == ATOMIC else WRITE
    return traps(name, trap, 4, code, (base + insn.off, size, how))


def control(_):
    yield traps('jump one past the end', 'JUMP', 2, [jump(1), RETURN])
    yield traps('fall-through at the end', 'JUMP', 1, [mov(0, 1)])
    yield traps('branch not taken at the end', 'JUMP', 2,
                [mov(0, 1), Insn(JMP | JEQ | K, 0, 0, -2)])
    yield traps('jump to before the start', 'JUMP', -1, [jump(-2), RETURN])
    yield traps('longest jump forward', 'JUMP', 32768, [jump(32767), RETURN])
    yield traps('longest jump back', 'JUMP', -32767, [jump(-32768), RETURN])
    for imm in (2**31 - 1, -2**31, 0xffff, 0x10000, 0x1fffffff, 0x20000000, 0x40000000):
        yield traps(f'gotol {imm}', 'JUMP', imm + 1, [Insn(JMP32 | JA, imm=imm), RETURN])
        yield traps(f'call {imm}', 'JUMP', imm + 1, [call(imm), RETURN])
    yield traps('loop of one instruction', 'STEPS', 0, [jump(-1), RETURN])
    yield traps('loop without a branch that is taken', 'STEPS', 1,
                [mov(0, 0), Insn(JMP | JEQ | K, 0, 0, 0, 1), jump(-3)])
    yield traps('loop through a call', 'FRAMES', 0, [call(-1), RETURN])
    yield traps('last slot looks like exit', 'ILLEGAL', 0, [lddw(1, 0)[0], RETURN])
    yield traps('lddw without its second slot', 'ILLEGAL', 1, [mov(0, 1), lddw(1, 0)[0]])
    yield traps('ends in an lddw', 'JUMP', 2, lddw(1, 5))
    yield traps('jump into an lddw', 'ILLEGAL', 2, [jump(1)] + lddw(0, 5) + [RETURN])
    hidden = [jump(1), lddw(0, 0)[0], store(8, 9, 0), RETURN]
    yield traps('jump into an lddw that hides a store', 'BOUNDS', 2, hidden, (0, 8, WRITE))
    yield traps('call into an lddw', 'ILLEGAL', 3, [call(2), RETURN] + lddw(0, 5) + [RETURN])
    for name, stop, pc, to in (('into an lddw', 'ILLEGAL', 5, CODE + 8 * 5),
                               ('one past the end', 'JUMP', 6, CODE + 8 * 6),
                               ('far beyond the end', 'JUMP', 0x1fffff, CODE + 0xfffff8),
                               ('between instructions', 'JUMP', 2, CODE + 4),
                               ('of more than 32 bits', 'JUMP', 2, 1 << 32 | CODE + 8),
                               ('of 64 bits', 'JUMP', 2, -8), ('of a number', 'HELPER', 2, 999),
                               ('of 0', 'HELPER', 2, 0)):
        yield traps('callx ' + name, stop, pc, lddw(1, to) + [callx(1), RETURN] + lddw(0, 5))


def calls(board):
    """A function that calls itself r1 times."""
    body = [mov(0, 1), Insn(JMP | JEQ | K, 1, 0, 2, 0), add(1, -1), call(-4), RETURN]
    for depth, good in ((board.frames - 1, True), (board.frames, False)):
        code = [mov(1, depth - 1), call(1), RETURN] + body
        if good:
            yield returns('calls down to the last frame', 1, code, 2)
        else:
            yield traps('calls one past the last frame', 'FRAMES', 6, code)
    far = [call(5)] + [RETURN] * 5 + [mov(0, 77), RETURN]
    yield returns('local call, like the number of a helper', 77, far, 1)
    yield traps('kernel function', 'HELPER', 0, [Insn(JMP | CALL, src=2, imm=105), RETURN])
    for src in range(3, 16):
        insn = Insn(JMP | CALL, src=src, imm=5)
        yield traps(f'call with src {src}', 'ILLEGAL', 0, [insn, RETURN])
    for number in (0, 4, 104, 256, 256 + 105, 65536 + 105, 1 << 24, 2**31 - 2, -1, -2**31):
        yield traps(f'helper {number}', 'HELPER', 0, [Insn(JMP | CALL, imm=number), RETURN])
    yield returns('r6 to r9 are the caller\'s again', 42,
                  [mov(9, 42), call(2), movr(0, 9), RETURN, mov(9, 1), RETURN], 3)


def registers(board):
    top = board.stack + board.frame_size
    for n in range(11, 16):
        yield returns(f'read of r{n}', 0, [movr(0, n), RETURN])
        yield returns(f'write to r{n}', 5, [mov(n, 5), movr(0, n), RETURN])
        yield traps(f'load from r{n}', 'BOUNDS', 0, [load(8, 0, n, -8), RETURN], (-8, 8, READ))
        yield traps(f'store to r{n}', 'BOUNDS', 0, [store(1, n, 0, 8), RETURN], (8, 1, WRITE))
        yield traps(f'atomic at r{n}', 'BOUNDS', 0,
                    [Insn(STX | ATOMIC | SIZE[8], n, n, 0, FETCH), RETURN], (0, 8, ATOMIC_ACCESS))
        yield returns(f'branch on r{n}', 0, [Insn(JMP | JEQ | X, n, n, 1), mov(0, 1), RETURN])
        yield traps(f'callx of r{n}', 'HELPER', 0, [callx(n), RETURN])
    yield traps('r10 = 0, then a store', 'BOUNDS', 1, [mov(10, 0), store(8, 10, 1, -8), RETURN],
                (-8, 8, WRITE))
    for change, off in ((-board.frame_size, -1), (board.frame_size, -board.frame_size)):
        yield traps(f'r10 += {change}', 'BOUNDS', 1, [add(10, change), load(1, 0, 10, off), RETURN],
                    (top + change + off, 1, READ))
    yield returns('r10 is right again in a callee', top + board.frame_size,
                  [mov(10, 0), call(1), RETURN, movr(0, 10), RETURN], 2)
    yield returns('r10 is right again after a call', top,
                  [call(2), movr(0, 10), RETURN, mov(10, 0), RETURN], 2)


def on(d, s, insn):
    """r0 = d; r1 = s; one instruction on both."""
    return lddw(0, d) + lddw(1, s) + [insn, RETURN]


def values(_):
    low0, high = 1 << 32, 0xdeadbeef << 32
    yield returns('lddw does not extend its low half', 0x80000000, lddw(0, 0x80000000) + [RETURN])
    yield returns('mov moves 64 bits', MOST, lddw(1, MOST) + [movr(0, 1), RETURN])
    yield returns('neg as clang encodes it', -5, [mov(0, 5), Insn(0x87), RETURN])
    yield traps('neg with a source register', 'ILLEGAL', 0, [Insn(ALU64 | NEG | X, 0, 1), RETURN])
    yield returns('neg32 clears the upper half', 2**32 - 1, on(high | 1, 0, Insn(ALU | NEG | K)))
    yield returns('arsh32 clears the upper half', 0xf8000000,
                  on(high | 0x80000000, 0, Insn(ALU | ARSH | K, imm=4)))
    for insn, d, s, r0 in ((Insn(ALU64 | LSH | K, imm=64), 3, 0, 3),
                           (Insn(ALU64 | LSH | X, 0, 1), 3, 65, 6),
                           (Insn(ALU64 | RSH | X, 0, 1), LAST, -1, 1),
                           (Insn(ALU | LSH | K, imm=33), 3, 0, 6),
                           (Insn(ALU | RSH | X, 0, 1), LAST, low0, 2**32 - 1),
                           (Insn(ALU64 | ARSH | X, 0, 1), -2, 127, -1)):
        yield returns(f'shift {insn.code:#x} by {s or insn.imm}', r0, on(d, s, insn))
    for op, kind, off, d, s, r0 in ((DIV, ALU, 0, high | 7, low0, 0),
                                    (MOD, ALU, 0, high | 7, low0, 7),
                                    (DIV, ALU, 1, 7, low0, 0), (MOD, ALU, 1, 7, low0, 7),
                                    (DIV, ALU64, 0, high, low0, high >> 32),
                                    (DIV, ALU64, 0, 9, 0, 0), (MOD, ALU64, 0, high, 0, high),
                                    (DIV, ALU64, 1, LEAST, -1, LEAST),
                                    (MOD, ALU64, 1, LEAST, -1, 0),
                                    (DIV, ALU, 1, 1 << 31, -1, 1 << 31),
                                    (MOD, ALU, 1, 1 << 31, -1, 0)):
        yield returns(f'division {kind | op:#x} {off} of {d:#x} by {s:#x}', r0,
                      on(d, s, Insn(kind | op | X, 0, 1, off)))
    yield traps('division with off 2', 'ILLEGAL', 4, on(9, 3, Insn(ALU64 | DIV | X, 0, 1, 2)))
    yield traps('swap of 8 bits', 'ILLEGAL', 4, on(9, 3, Insn(ALU | END | K, imm=8)))
    for name, code, d, imm, taken in (('jset, high bits', JMP | JSET | X, LEAST, 0, True),
                                      ('jset, extended', JMP | JSET | K, LEAST, -2**31, True),
                                      ('jset32, high bits', JMP32 | JSET | X, high, 0, False),
                                      ('jeq -1', JMP | JEQ | K, LAST, -1, True),
                                      ('jeq -1, 32 bits', JMP | JEQ | K, 2**32 - 1, -1, False),
                                      ('jslt32', JMP32 | JSLT | K, 1 << 31, 0, True)):
        branch = [Insn(code, 0, 0, 1, imm), jump(2), mov(0, 1), RETURN, mov(0, 0), RETURN]
        yield returns(name, taken, lddw(0, d) + branch, 5 if taken else 7)


def loads(off=0):
    return [load(8, 0, 3, off), store(8, 3, 4, off), load(1, 0, 3, off)]


def memory(board):
    """The ACL, to the byte and at the ends of every width of an address."""
    word = 8 * board.pointer
    for base in (0, LAST, LAST - 3, LAST - 7, MOST, LEAST, 2**31 - 1, 2**32 - 1, 2**32 - 8,
                 (1 << word) - 1, (1 << word - 1) - 1, (1 << word - 1)):
        for insn in loads():
            yield access(f'access at {base:#x}', board, insn, base, 'BOUNDS')
    for off in (1, -1, 32767, -32768):
        for base in (0, LAST, MOST, LEAST, 2**32 - 1):
            yield access(f'access at {base:#x} {off:+}', board, load(8, 0, 3, off), base, 'BOUNDS')
    ctx, rw = board.arena + CTX, board.arena + RW
    end = rw + RW_SIZE
    for bit in (32, 48, 63):
        if ctx >> bit == 0:
            for insn in loads():
                yield access(f'a good address and bit {bit}', board, insn, ctx | 1 << bit, 'BOUNDS')
    yield access('offset that wraps into a region', board, load(8, 0, 3, 32767), ctx - 32767)
    for size in (1, 2, 4, 8):
        for insn in (load(size, 0, 3), store(size, 3, 4), Insn(ST | MEM | SIZE[size], 3, imm=-1)):
            yield access('the last bytes', board, insn, end - size)
            yield access('one byte too far', board, insn, end - size + 1, 'BOUNDS')
            yield access('behind the last byte', board, insn, end, 'BOUNDS')
            yield access('one byte before', board, insn, rw - 1, 'BOUNDS')
    yield access('code, by its name', board, load(8, 0, 3), CODE, 'BOUNDS')
    for off in (255, 256, -1, RW_SIZE):
        yield access(f'byte {off}', board, load(1, 0, 3, off), rw,
                     None if 0 <= off < RW_SIZE else 'BOUNDS')


def permissions(board):
    ro, wo, top = board.arena + RO, board.arena + WO, board.stack + board.frame_size
    yield access('store to what is read-only', board, store(8, 3, 4), ro, 'READONLY')
    yield access('store across its end', board, store(8, 3, 4), ro + 1, 'BOUNDS')
    yield access('load from what is write-only', board, load(8, 0, 3), wo, 'WRITEONLY')
    yield access('store to what is write-only', board, store(8, 3, 4), wo)
    yield access('last bytes of the stack', board, store(8, 3, 4), top - 8)
    yield access('lowest bytes of the stack', board, store(8, 3, 4), board.stack)
    yield access('top of the stack', board, load(1, 0, 3), top, 'BOUNDS')
    yield access('across the top of the stack', board, store(8, 3, 4), top - 4, 'BOUNDS')
    yield access('below the stack', board, load(1, 0, 3), board.stack - 1, 'BOUNDS')
    for off in (0, -1):
        for size in (1, 8):
            yield access('a region of no bytes', board, load(size, 0, 3, off), board.arena + NONE,
                         'BOUNDS')
            yield access('a region of no bytes', board, store(size, 3, 4, off), board.arena + NONE,
                         'BOUNDS')
    yield access('the next frame', board, load(8, 0, 3), top + 8, 'BOUNDS')


def atomics(board):
    def at(size, op):
        return Insn(STX | ATOMIC | SIZE[size], 3, 4, 0, op)
    rw, ro, wo = board.arena + RW, board.arena + RO, board.arena + WO
    for op in (0xe0, 0xf0, 0x10, 0x11, 0x02, 0x100, 0x1e1, 0x1800, -1, -256):
        for size in (4, 8):
            code = [mov(4, 1)] + lddw(3, rw) + [at(size, op), RETURN]
            yield traps(f'atomic operation {op:#x}', 'ILLEGAL', 3, code)
    for size in (1, 2):
        yield traps(f'atomic of {size} bytes', 'ILLEGAL', 2, lddw(3, rw) + [at(size, ADD), RETURN])
    for op in (ADD, ADD | FETCH, XCHG, CMPXCHG):
        yield access('atomic', board, at(8, op), rw)
        yield access('atomic at NULL', board, at(8, op), 0, 'BOUNDS')
        yield access('atomic at the end of all', board, at(8, op), LAST - 7, 'BOUNDS')
        yield access('atomic across the end', board, at(8, op), rw + RW_SIZE - 4, 'BOUNDS')
        yield access('atomic32 of the last bytes', board, at(4, op), rw + RW_SIZE - 4)
        yield access('atomic before a region', board, at(4, op), rw - 4, 'BOUNDS')
        yield access('atomic at 4 of 8', board, at(8, op), rw + 4, 'ATOMIC')
        yield access('atomic at 1', board, at(8, op), rw + 1, 'ATOMIC')
        yield access('atomic32 at 2 of 4', board, at(4, op), rw + 2, 'ATOMIC')
        yield access('atomic of what is read-only', board, at(8, op), ro, 'READONLY')
        yield access('atomic of what is write-only', board, at(8, op), wo, 'WRITEONLY')


def strtol(text, size, result):
    return (lddw(1, text) + lddw(2, size) + [mov(3, 10)] + lddw(4, result) +
            [Insn(JMP | CALL, imm=105), RETURN])


def helpers(board):
    """A helper that reads (text, size) and writes eight bytes at its result."""
    ro, wo, rw = board.arena + RO, board.arena + WO, board.arena + RW
    top = board.stack + board.frame_size
    yield returns('strtol', 5, strtol(ro, 8, rw))
    yield returns('strtol, result in the last 8 bytes', 5, strtol(ro, 8, rw + RW_SIZE - 8))
    yield returns('strtol, result in what is write-only', 5, strtol(ro, 8, wo))
    for name, text, size in (('one byte too far', ro, 9), ('of size 0', ro, 0),
                             ('of what is write-only', wo, 8), ('of NULL', 0, 8),
                             ('at UINT64_MAX', LAST, 8), ('at INTPTR_MAX', MOST, 8),
                             ('of a good address and bit 63', LEAST | ro, 8),
                             ('below the stack', board.stack - 1, 8),
                             ('across the top of the stack', top - 4, 8)):
        yield traps('strtol ' + name, 'ARGUMENT', 7, strtol(text, size, rw), (text, size, READ))
    # The lowest 8 or 16 bits of a size, 8, would be right; 4097 is beyond all arguments.
    for size in (LAST, 1 << 32 | 8, LEAST, LEAST | 8, 2**32 - 1, 2**31, 1 << 29 | 8, 1 << 8 | 8,
                 1 << 16 | 8, 4096, 4097):
        yield traps(f'strtol of {size} bytes', 'ARGUMENT', 7, strtol(ro, size, rw))
    for name, at in (('at NULL', 0), ('read-only', ro), ('across the end', rw + RW_SIZE - 7),
                     ('before a region', rw - 8), ('above the stack', top), ('wraps', LAST - 3)):
        yield traps('strtol, result ' + name, 'ARGUMENT', 7, strtol(ro, 8, at), (at, 8, WRITE))


def stores(board):
    """The machine's own helpers, from the last frame, where its own stack is deepest."""
    def asks(number, key, argument):
        return [mov(1, key)] + argument + [Insn(JMP | CALL, imm=number)]
    place = [movr(2, 10), add(2, -8)]
    depth, end = board.frames - 1, [load(8, 0, 10, -8), RETURN]
    for store_number in (240, 242):
        code = asks(store_number, 7, [mov(2, 9)]) + asks(store_number + 1, 7, place) + end
        yield returns(f'helper {store_number} and what it stored', 9, code)
        code = asks(store_number, 7, [mov(2, 9)]) + asks(store_number, 8, [mov(2, 9)]) + [RETURN]
        yield returns(f'helper {store_number}, no room', -7, code)
        code = asks(store_number + 1, 7, place) + [RETURN]
        yield returns(f'helper {store_number + 1}, no such key', -2, code)
        code = asks(store_number + 1, 7, lddw(2, LAST)) + [RETURN]
        yield traps(f'helper {store_number + 1} to nowhere', 'ARGUMENT', 3, code, (LAST, 8, WRITE))
        body = [Insn(JMP | JEQ | K, 6, 0, 3, 0), add(6, -1), call(-3), RETURN]
        deep = asks(store_number, 7, [mov(2, 9)]) + asks(store_number + 1, 7, place) + end
        yield returns(f'helper {store_number} in the last frame', 9,
                      [mov(6, depth - 1), call(1), RETURN] + body + deep, 2)


def lengths(board):
    longest = [mov(0, 7)] * (board.insns - 1)
    budget = 10000
    if board.insns < budget:
        yield returns('a program that fills the memory for code', 7, longest + [RETURN])
        yield traps('the same without an end', 'JUMP', board.insns, longest + [mov(0, 7)])
    yield traps('an unterminated program', 'JUMP', 3, [mov(0, 7)] * 3)


def cases(board):
    for part in (control, calls, registers, values, memory, permissions, atomics, helpers, stores,
                 lengths, budgets):
        yield from part(board)
