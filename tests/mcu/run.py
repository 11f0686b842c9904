#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Runs firmware.c on boards and compares what it answers, to the last bit of each register, with the
model of RFC 9669 and with the same core on the host at the same addresses. Prints TAP.

  run.py --build DIR [--only TEXT] BOARD:CORE:SHARE:COMMAND...

COMMAND runs FIRMWARE with its line on stdin and stdout. SHARE: of that many cases one is tried. The
core `uart` is `small` behind the board's UART, of which a few cases tell enough.
"""
import argparse
import concurrent.futures
import importlib
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
from typing import NamedTuple

sys.dont_write_bytecode = True  # a test leaves nothing in the source tree
TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'tests/oracle'))

import hostile
import lies
import model
from isa import RETURN, describe, encode, mov
from guests import GUESTS
from link import (READ, WRITE, Answer, Firmware, Frame, Region, Silent, c_stack_of, encode_image,
                  insns_of)

BUDGET = hostile.BUDGET
LONG_BUDGET = 2000000
HEAVY = ('alu', 'sieve', 'calls')  # guests of many instructions or much memory
ROOMY = 4096      # bytes of memory from which on a board runs them
PROGRAMS = 3000   # random ones, for each board and core
SHOWN = 3         # failures of a line that are written down in full
C_STACK = {'m3': 128, 'm4': 128}  # bytes that a run may take of it, on boards that have a limit
AFTER = [mov(0, 4711), RETURN]


class Board(NamedTuple):
    """A board with one core."""
    name: str
    core: str
    share: int
    command: str


class Try(NamedTuple):
    """What goes to a firmware, and as much of its answer as is known without the host."""
    title: str
    frame: bytes
    expected: dict = {}
    text: tuple = ()


class Line(NamedTuple):
    """A line of TAP, and what explains it."""
    good: bool
    text: str
    notes: list


def stops():
    """The names of enum vm_stop, in their order."""
    rows = re.findall(r'^TRAP\((\w+),', (TOP / 'include/traps.def').read_text(), re.M)
    return ['NONE', 'EXIT'] + rows


def setups():
    """The names of enum bpfvm_setup."""
    return ['READY'] + re.findall(r'^SETUP\((\w+),', (TOP / 'include/setup.def').read_text(), re.M)


STOPS = stops()
SETUPS = setups()
EXIT = STOPS.index('EXIT')
NO_INSTRUCTION = [STOPS.index(name) for name in ('ILLEGAL', 'LEGACY', 'HELPER')]
BAD_IMAGE = list(range(1, len(SETUPS)))
NO_CODE = SETUPS.index('CODE')
NOT_CHECKED = 255  # by a board whose code the checker cannot read


def unmodelled(case):
    """Of what is no instruction the model knows nothing, but that it is none."""
    none = case.group == 'unknown opcodes' or case.group.startswith('variants of ')
    return {'stop': NO_INSTRUCTION} if none else {}


def modelled(case):
    """What the model of RFC 9669 says about a case, and what a checker has to."""
    checked = {} if case.group == 'garbage' else {'checked': case.refused}
    if not case.insns:
        return {'error': NO_CODE}
    if case.r0 is not None:
        return {'stop': EXIT, 'r0': case.r0, **checked}
    if not case.modelled:
        return {**checked, **unmodelled(case)}
    machine = model.Machine(case.insns, case.memory)
    what, value = machine.run(BUDGET)
    if what == 'r0':
        what, value = 'EXIT', len(case.insns)
    said = {'stop': STOPS.index(what), 'steps': machine.steps, 'reg': tuple(machine.reg)}
    return {**said, **checked, **({} if what == 'EXIT' else {'pc': value & 0xffffffff})}


def conformance(place, share):
    """The cases of tests/oracle at a board's addresses; those that have no room are left out."""
    model.STACK, model.MEMORY = place.stack, place.arena
    parts = [importlib.reload(importlib.import_module(f'cases_{name}'))
             for name in ('alu', 'jump', 'memory', 'bad')]
    cases = [case for part in parts for case in part.cases()] + list(parts[-1].garbage())
    tries = []
    for case in cases[::share]:
        memory = (Region(0, READ | WRITE, case.memory),) if case.memory else ()
        frame = Frame(bytes.fromhex(encode(case.insns)), place.arena if memory else 0,
                      len(case.memory), memory, BUDGET)
        if frame.fits(place):
            tries.append(Try(case.group, frame.encode(), modelled(case), tuple(case.insns)))
    return tries


def hostile_inputs(place):
    """Each followed by a guest that is well: the firmware has gone on."""
    after = Frame(bytes.fromhex(encode(AFTER))).encode()
    tries = []
    for case in hostile.cases(place):
        expected = {'stop': STOPS.index(case.stop), 'pc': case.pc}
        if case.r0 is not None:
            expected['r0'] = case.r0
        if case.fault:
            expected['fault'] = case.fault
        frame = Frame(bytes.fromhex(encode(case.insns)), 0, 0, hostile.REGIONS, case.budget)
        tries.append(Try(case.name, frame.encode(), expected, tuple(case.insns)))
        tries.append(Try('after ' + case.name, after, {'stop': EXIT, 'r0': 4711}))
    return tries


def random_programs(build, count, place):
    """Those of tests/fuzz.c that have room on the board, from `count` seeds."""
    command = [build / 'random', place.stack, place.arena, place.size, 1, count]
    data = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, check=True).stdout
    tries, at = [], 0
    while at < len(data):
        seed, size = struct.unpack_from('<II', data, at)
        frame = data[at + 8:at + 8 + size]
        at += 8 + size
        if insns_of(frame) <= place.insns:
            tries.append(Try(f'seed {seed}', frame))
    return tries


def damaged(image):
    """An image that is cut off, or has one bit changed, at places all over it."""
    for place in range(0, len(image), 41):
        yield f'cut at {place}', image[:place]
        changed = bytearray(image)
        changed[place] ^= 1 << place % 8
        yield f'changed at {place}', bytes(changed)


def images(build, place):
    """Guests of progs/ by each version of clang's instruction set; then, damaged ones."""
    tries = []
    for file in sorted((build / 'guests').glob('*.img')):
        name, image = file.name.split('.')[0], file.read_bytes()
        if len(image) > place.insns * 8 or (name in HEAVY and place.size < ROOMY):
            continue
        value = GUESTS[name]()
        # clang -mcpu=v2 leaves anything in the upper half of an `unsigned int`.
        expected = {'error': 0, 'stop': EXIT, 'r0' if value >> 32 else 'w0': value}
        tries.append(Try(file.name, encode_image(image, LONG_BUDGET), expected))
    for how, some in damaged(image):
        tries.append(Try(how, encode_image(some, LONG_BUDGET), {'error': BAD_IMAGE}))
    for what, some, name in lies.lies((build / 'guests/data.v3.img').read_bytes()):
        tries.append(Try(what, encode_image(some, LONG_BUDGET), {'error': SETUPS.index(name)}))
    return tries


def field(answer, name):
    if name in ('r0', 'w0'):
        return answer.reg[0] & (model.U64 if name == 'r0' else 0xffffffff)
    return getattr(answer, name)


def wrong(expected, answer):
    """In what an answer is not what it has to be; None if it is right."""
    for name, value in expected.items():
        if name == 'checked':
            reason, pc = answer.check
            good = not reason if value is None else reason and pc == value
            got = answer.check
        else:
            got = field(answer, name)
            good = got in value if isinstance(value, list) else got == value
        if not good:
            return f'{name} has to be {value}, is {got}'
    return None


def ask(command, tries, place):
    """A firmware's answer to each."""
    firmware = Firmware(command, place)
    try:
        answers = list(firmware.answers([t.frame for t in tries]))
    finally:
        status = firmware.close()
    if status:
        raise Silent(f'status {status} at the end')
    return answers


def ask_host(command, tries, place):
    try:
        return ask(command, tries, place)
    except Silent as silence:
        raise Silent(f'on the host: {silence}') from None


def differences(tries, answers, reference):
    """Explanations of all that is wrong, one list of lines each."""
    for trial, got, host in zip(tries, answers, reference):
        answer, there = Answer.decode(got), Answer.decode(host)
        if answer.check[0] == NOT_CHECKED:
            answer = answer._replace(check=there.check)
        there = there._replace(c_stack=answer.c_stack)
        said = wrong(trial.expected, answer)
        if not said and answer != there:
            said = 'not as on the host: ' + '; '.join(
                f'{name} {mine}, there {its}'
                for name, mine, its in zip(Answer._fields, answer, there) if mine != its)
        if said:
            yield [f'{trial.title}: {said}'] + describe(trial.text)[:40]


class Suite:
    """All that is tried on one board with one core."""

    def __init__(self, build, board):
        self.build, self.board = build, board
        self.name = f'{board.name} {board.core}'
        self.firmware = build / board.name / f'{board.core}.elf'
        self.command = [str(self.firmware) if word == 'FIRMWARE' else word
                        for word in shlex.split(board.command)]
        # The host's own cores are compared with one of them.
        core = 'switch' if board.name == 'host' else board.core.replace('uart', 'small')
        self.c_stack = 0  # bytes that a run has taken of it at most
        self.host = [str(build / 'host' / f'{core}.elf')]

    def missing(self):
        """Why it cannot be tested, or None."""
        if not self.firmware.exists():
            return 'its compiler is not installed'
        return None if shutil.which(self.command[0]) else f'{self.command[0]} is not installed'

    def places(self):
        """The board's own addresses, and some that fit into 32 bits, as random programs need."""
        firmware = Firmware(self.command)
        firmware.close()
        own = firmware.map
        low = own._replace(stack=0x20000000, arena=0x20100000)
        return own, low if own.pointer > 4 else own

    def ask(self, tries, place):
        """The board's answers."""
        answers = ask(self.command, tries, place)
        self.c_stack = max([self.c_stack, *map(c_stack_of, answers)])
        return answers

    def measured_c_stack(self):
        """How much of the C stack runs take, by the cases that go deepest."""
        own, _ = self.places()
        self.ask(hostile_inputs(own) + images(self.build, own), own)
        return self.c_stack

    def c_stack_line(self):
        limit = C_STACK[self.board.name]
        return Line(0 < self.c_stack <= limit,
                    f'{self.name}: C stack of a run: {self.c_stack} bytes, at most {limit}', [])

    def line(self, what, tries, place):
        """The tries on the board and on the host."""
        text = f'{self.name}: {what}: {len(tries)} runs'
        try:
            answers = self.ask(tries, place)
            bad = list(differences(tries, answers, ask_host(self.host, tries, place)))
        except Silent as silence:
            return Line(False, f'{text}: {silence}', [])
        notes = [note for some in bad[:SHOWN] for note in some]
        return Line(not bad, text + (f', {len(bad)} wrong' if bad else ''), notes)

    def lines(self):
        reason = self.missing()
        if reason:
            return [Line(True, f'{self.name} # SKIP {reason}', [])]
        try:
            own, low = self.places()
        except Silent as silence:
            return [Line(False, f'{self.name}: {silence}', [])]
        if self.board.core == 'uart':
            return [self.line('hostile inputs', hostile_inputs(own)[::self.board.share], own)]
        count = PROGRAMS // self.board.share
        lines = [self.line('hostile inputs', hostile_inputs(own), own),
                 self.line('images', images(self.build, own), own),
                 self.line('RFC 9669', conformance(own, self.board.share), own),
                 self.line('random programs', random_programs(self.build, count, low), low)]
        return lines + ([self.c_stack_line()] if self.board.name in C_STACK else [])


def run(suite):
    return suite.lines()


def report(results):
    """Prints TAP; returns the exit code."""
    count = failed = 0
    for lines in results:
        for line in lines:
            count += 1
            failed += not line.good
            print(f'{"" if line.good else "not "}ok {count} - {line.text}')
            print(''.join(f'#   {note}\n' for note in line.notes), end='', flush=True)
    print(f'1..{count}')
    return 1 if failed or not count else 0


def board_of(text):
    name, core, share, command = text.split(':', 3)
    return Board(name, core, int(share), command)


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--only', default='', help='boards whose name contains this')
    parser.add_argument('boards', nargs='+', type=board_of, metavar='BOARD:CORE:SHARE:COMMAND')
    args = parser.parse_args()
    suites = [Suite(args.build, board) for board in args.boards if args.only in board.name]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        return report(pool.map(run, suites))


if __name__ == '__main__':
    sys.exit(main())
