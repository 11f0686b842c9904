#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Prints how many instructions a Cortex-M4 executes for one of a guest, as count.c counts them under
QEMU, and fails if they are more than the project allows itself.

  speed.py --build DIR --command COMMAND [--profile CORE-OPTION:GUEST]

COMMAND runs FIRMWARE. --profile shows what was executed for one guest: each instruction, and how
often per instruction of the guest.
"""
import argparse
import collections
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import tempfile

CORES, OPTIONS = ('table', 'switch', 'small'), ('O2', 'Os')
GUESTS = ('empty', 'fletcher32', 'alu')
VERSIONS = ('v2', 'v3')
ANSWER = struct.Struct('<BBIQ')
EXIT = 1     # enum vm_stop
KNOWN = 100  # instructions between two marks of speed.c
# What is allowed, of objects of either version: per guest instruction; `empty`: in all.
LIMITS = {('table', 'O2', 'fletcher32'): 20, ('table', 'O2', 'alu'): 14,
          ('small', 'O2', 'fletcher32'): 45, ('table', 'O2', 'empty'): 100}
SHOWN = 0.002  # share of all instructions from which on a profile shows one


class Failed(Exception):
    """A sentence, and what to do about it."""


def symbols(firmware):
    run = subprocess.run(['arm-none-eabi-nm', str(firmware)], stdout=subprocess.PIPE, text=True,
                         check=True)
    return {name: int(at, 16) & ~1 for at, _, name in map(str.split, run.stdout.splitlines())}


def execute(command, images):
    """The answers of the firmware to images, as tuples."""
    data = b''.join(struct.pack('<I', len(i)) + i for i in images) + bytes(4)
    run = subprocess.run(command, input=data, stdout=subprocess.PIPE, timeout=300, check=False)
    if run.returncode or len(run.stdout) != len(images) * ANSWER.size:
        raise Failed(f'{shlex.join(command)}: exit code {run.returncode}, '
                     f'{len(run.stdout)} bytes of answers')
    return list(ANSWER.iter_unpack(run.stdout))


class Bench:
    def __init__(self, build, command):
        self.build, self.words = build, shlex.split(command)

    def image(self, guest, version):
        return (self.build / 'guests' / f'{guest}.{version}.img').read_bytes()

    def firmware(self, core, option):
        return self.build / 'm4' / f'speed-{core}-{option}.elf'

    def run(self, core, option, guests, trace=None):
        """
        [(instructions of the processor, of the guest)], and {address: times executed}; each address
        in its order is written to `trace`, if that is a file.
        """
        firmware = self.firmware(core, option)
        at = symbols(firmware)
        with tempfile.NamedTemporaryFile('r') as counts:
            plugin = (f'{self.build / "count.so"},begin={at["mark_begin"]},end={at["mark_end"]},'
                      f'to={counts.name}' + (f',trace={trace}' if trace else ''))
            command = [str(firmware) if w == 'FIRMWARE' else w for w in self.words]
            answers = execute(command + ['-plugin', plugin], [self.image(*g) for g in guests])
            rows = [line.split() for line in counts]
        empty, known, *spans = [int(row[1]) for row in rows if row[0] == 'span']
        if len(spans) != len(guests):
            raise Failed(f'{firmware}: {len(spans)} guests counted, not {len(guests)}')
        if known - empty != KNOWN:
            raise Failed(f'{known - empty} instructions counted where there are {KNOWN}')
        for guest, (error, stop, _, _) in zip(guests, answers):
            if error or stop != EXIT:
                raise Failed(f'{guest[0]}.{guest[1]}: error {error}, stop {stop}')
        places = collections.Counter()
        for row in rows:
            if row[0] == 'at':
                places[int(row[1], 16)] += int(row[2])
        return [(span - empty, a[2]) for span, a in zip(spans, answers)], places


def disassembly(firmware):
    """{address: (function, instruction)}."""
    lines = subprocess.run(['arm-none-eabi-objdump', '-d', '--no-show-raw-insn', str(firmware)],
                           stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    function, found = None, {}
    for line in lines:
        if head := re.match(r'[0-9a-f]+ <(.*)>:', line):
            function = head[1]
        elif row := re.match(r' *([0-9a-f]+):\t(.*)', line):
            found[int(row[1], 16)] = function, row[2]
    return found


def ratio(guest, count):
    return count[0] if guest == 'empty' else count[0] / count[1]


def table(bench):
    """Prints the table; returns what is above its limit."""
    columns = [(guest, version) for guest in GUESTS for version in VERSIONS]
    titles = {'empty': 'launch', 'fletcher32': 'Fletcher32', 'alu': 'ALU loop'}
    print('| core | | ' + ' | '.join(f'{titles[g]}, {v}' for g, v in columns) + ' |')
    print('|---|---|' + '---:|' * len(columns))
    above = []
    for core in CORES:
        for option in OPTIONS:
            counts = bench.run(core, option, columns)[0]
            cells = []
            for (guest, version), count in zip(columns, counts):
                value = ratio(guest, count)
                cells.append(f'{value:.0f}' if guest == 'empty' else f'{value:.1f}')
                limit = LIMITS.get((core, option, guest))
                if limit and value > limit:
                    above.append(f'{core} -{option}, {guest}.{version}: {value:.1f}, '
                                 f'more than {limit}')
            print(f'| {core} | -{option} | ' + ' | '.join(cells) + ' |', flush=True)
    executed = ', '.join(f'{g}.{v} {c[1]}' for (g, v), c in zip(columns, counts))
    print(f'\nInstructions of the guests: {executed}.')
    return above


def profile(bench, what):
    """The disassembly of all that a guest takes much of."""
    firmware, _, guest = what.partition(':')
    core, _, option = firmware.partition('-')
    name, _, version = guest.partition('.')
    counts, places = bench.run(core, option, [(name, version or 'v3')])
    print(f'{counts[0][0]} instructions for {counts[0][1]} of {guest}')
    for at, (function, text) in disassembly(bench.firmware(core, option)).items():
        if places[at] >= SHOWN * counts[0][0]:
            print(f'{places[at] / counts[0][1]:8.3f}  {function:16} {at:6x}  {text}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--command', required=True)
    parser.add_argument('--profile', metavar='CORE-OPTION:GUEST')
    args = parser.parse_args()
    bench = Bench(args.build, args.command)
    if args.profile:
        profile(bench, args.profile)
        return 0
    above = table(bench)
    for line in above:
        print(f'speed: {line}', file=sys.stderr)
    return 1 if above else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (Failed, OSError) as failed:
        print(f'speed: {failed}\n  hint: make mcu, and .ci/packages mcu', file=sys.stderr)
        sys.exit(1)
