#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Shows where the instructions go that a Cortex-M4 executes in the table core: how many are for what,
and for some instructions of the guest each of them, in the order of execution.

  hot.py --build DIR --command COMMAND [--guest NAME.VERSION] [--arms NAME...]

Arms are named as in include/isa.def, with the form behind it. QEMU tells what was executed, gcc's
debug information which arm begins where and which function was inlined; the groups follow from that
and from the instructions themselves.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

from speed import Bench, Failed, disassembly

CORE, OPTION = 'table', 'O2'
GROUPS = {'decode': 'fields of the guest\'s instruction, and where its registers lie',
          'registers': 'registers of the guest, read and written',
          'operation': 'what the instruction does',
          'check': 'of an address: regions, permission, bounds',
          'jump': 'budget, bounds of the code, next place',
          'fetch': 'the next instruction of the guest',
          'dispatch': 'to its arm'}
CHECKS = re.compile('find|covers')          # functions that look at addresses
FETCH = re.compile(r'ldrd\s.*\], #8$')      # VM_NEXT_SLOT
INDIRECT = re.compile(r'bx\s(?!lr)|mov\s+pc|ldr(\.w)?\s+pc|tb[bh]')
FIELD = re.compile(r'(ubfx|lsrs?|asrs?|sxth|uxtb)(\.w)?\s|(tst|and)(\.w)?\s.*#\d')
PLACE = re.compile(r'add(\.w)?\s.*lsl #3$')
MEMORY = re.compile(r'(ldr|str)')
ACCESS = re.compile(r'(ldr|str)(b|h|sb|sh)?(\.w)?\s(?!.*lsl #3)')
AROUND_CALL = re.compile(r'(movs?|cmp|bls|bhi|bcc|bcs)(\.w|\.n)?\s')


def labels(firmware):
    """{address: name of an arm}."""
    text = subprocess.run(['arm-none-eabi-readelf', '--debug-dump=info', str(firmware)],
                          capture_output=True, text=True, check=True).stdout
    found = re.findall(r'DW_TAG_label\)\n.*DW_AT_name.*: arm_(\w+)\n'
                       r'(?:.*\n){0,3}?.*DW_AT_low_pc\s*: 0x(\w+)', text)
    return {int(at, 16): name for name, at in found}


def origins(firmware, places):
    """{address: ([functions, the innermost first], file of the innermost)}."""
    command = ['arm-none-eabi-addr2line', '-a', '-i', '-f', '-e', str(firmware)]
    text = subprocess.run(command, input='\n'.join(map(hex, places)), capture_output=True,
                          text=True, check=True).stdout
    found = {}
    for block in re.split(r'^(?=0x)', text, flags=re.M)[1:]:
        at, *rows = block.splitlines()
        found[int(at, 16)] = rows[::2], pathlib.Path(rows[1].partition(':')[0]).name
    return found


class Step:
    """An executed instruction."""

    def __init__(self, at, function, text, origin):
        self.at, self.function, self.text = at, function, re.sub(r'\s+@ .*', '', text)
        self.inlined, self.file = origin
        self.group = None


def group_end(path):
    """The fetch of the next instruction and what follows it."""
    fetch = max((i for i, step in enumerate(path) if FETCH.match(step.text)), default=len(path))
    for step in path[fetch:]:
        step.group = 'dispatch'
    if fetch < len(path):
        path[fetch].group = 'fetch'


def group_checks(path):
    """What looks at addresses, and what calls that and asks for its result."""
    inside = [i for i, step in enumerate(path) if CHECKS.match(step.function) or
              any(map(CHECKS.match, step.inlined))]
    if not inside:
        return False
    first, last = inside[0], inside[-1]
    while first and (path[first - 1].text.startswith('bl\t') or
                     AROUND_CALL.match(path[first - 1].text)):
        first -= 1
    while AROUND_CALL.match(path[last + 1].text):
        last += 1
    for step in path[first:last + 1]:
        step.group = 'check'
    return True


def group_of(step, accesses):
    """Of one that is neither."""
    if step.file.startswith('core_'):
        return 'jump'
    if PLACE.match(step.text) or FIELD.match(step.text):
        return 'decode'
    if accesses and ACCESS.match(step.text):
        return 'operation'
    return 'registers' if MEMORY.match(step.text) else 'operation'


def paths(trace, code, origin, arms):
    """[(arm, [Step])]: what was executed for each instruction of the guest."""
    found, path, arm = [], [], None
    for at in trace:
        step = Step(at, *code[at], origin[at])
        if at in arms and path and INDIRECT.match(path[-1].text):
            found.append((arm, path))
            path, arm = [], arms[at]
        path.append(step)
    return [(arm, path) for arm, path in found if arm]


def group(path):
    group_end(path)
    accesses = group_checks(path)
    for step in path:
        step.group = step.group or group_of(step, accesses)


def target(text):
    """An instruction without the addresses of this firmware."""
    words = re.sub(r'\s+[0-9a-f]+ <([^>+]*)(\+0x\w+)?>',
                   lambda m: '\t' + ('...' if m[2] else m[1]), text)
    mnemonic, _, rest = words.partition('\t')
    return f'{mnemonic:9} {rest}'.rstrip()


def summary(found, guest):
    """Prints how many instructions are for what."""
    count = collections.Counter(step.group for _, path in found for step in path)
    total = sum(count.values())
    print(f'| for | {guest}, {CORE} -{OPTION} | |\n|---|---:|---|')
    for name, meaning in GROUPS.items():
        print(f'| {name} | {count[name] / len(found):.1f} | {meaning} |')
    print(f'| in all | {total / len(found):.1f} | |')


def listing(found, names):
    """Prints the path that each of the arms has taken most often, as a block of markdown."""
    for name in names:
        all_paths = [path for arm, path in found if arm == name]
        if not all_paths:
            known = ' '.join(sorted({arm for arm, _ in found}))
            raise Failed(f'{name}: the guest executes no such instruction\n  hint: it does {known}')
        often = collections.Counter(tuple(step.at for step in path) for path in all_paths)
        most = often.most_common(1)[0][0]
        path = next(p for p in all_paths if tuple(step.at for step in p) == most)
        print(f'    {name}: {len(path)} instructions')
        last = None
        for step in path:
            shown = step.group if step.group != last else ''
            print(f'      {shown:10} {step.function:9} {target(step.text)}')
            last = step.group


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--command', required=True)
    parser.add_argument('--guest', default='fletcher32.v3')
    parser.add_argument('--arms', nargs='+', default=['ADD_64K', 'JNE_32K', 'LDXH'])
    args = parser.parse_args()
    bench = Bench(args.build, args.command)
    firmware = bench.firmware(CORE, OPTION)
    with tempfile.NamedTemporaryFile('r') as file:
        bench.run(CORE, OPTION, [tuple(args.guest.split('.'))], file.name)
        trace = [int(line, 16) for line in file]
    found = paths(trace, disassembly(firmware), origins(firmware, sorted(set(trace))),
                  labels(firmware))
    for _, path in found:
        group(path)
    summary(found, args.guest)
    print()
    listing(found, args.arms)
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (Failed, OSError, subprocess.CalledProcessError) as failed:
        hint = '' if 'hint:' in str(failed) else '\n  hint: make mcu, and .ci/packages mcu'
        print(f'hot: {failed}{hint}', file=sys.stderr)
        sys.exit(1)
