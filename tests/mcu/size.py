#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Prints what the embeddable machine takes of a Cortex-M4: bytes of code and constants by part, what
each build option leaves out of them, and RAM. Fails if it is more than the project allows itself,
or if an option saves nothing.

  size.py --compiler COMMAND --flags FLAGS --link FLAGS --build DIR --run COMMAND

mcu/embed.c is compiled and linked, and the linker tells the size of each function; to which part it
belongs follows from where its source is. C stack is what the firmware under test has seen of it.
"""
import argparse
import concurrent.futures
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

import run

SOURCE = 'mcu/embed.c'
PARTS = ('core', 'runs', 'set-up', 'images', 'texts', 'kv', 'libgcc', 'libc')
# Files, and headings within files of several parts, whose functions and tables make up a part.
FILES = {'core_table.c': 'core', 'core_switch.c': 'core', 'core_small.c': 'core',
         'step_other.h': 'core', 'embed_atomic.h': 'core', 'embed_words.h': 'core',
         'embed_image.h': 'images', 'crc32.h': 'images', 'embed_text.h': 'texts'}
HEADINGS = {'memory': 'core', 'frames': 'core', 'helpers': 'core', 'the core': 'core',
            'key-value stores': 'kv', 'set-up': 'set-up', 'runs': 'runs'}
LIBRARIES = {'libgcc.a': 'libgcc', 'libc.a': 'libc'}


class Build(NamedTuple):
    """The machine with one core; `less`: build options other than the default."""
    core: str
    option: str
    less: tuple = ()

    def name(self):
        without = ' and '.join(o.removeprefix('VM_').removesuffix('=0').lower() for o in self.less)
        return self.core + (f' without {without}' if without else '')


# What is measured, and how large its core may be.
BUILDS = {Build('small', 'Os', ('VM_ATOMICS=0', 'VM_V4=0')): 1400, Build('small', 'Os'): 2200,
          Build('table', 'O2'): 4800, Build('switch', 'O2'): None}
# What the firmware under test is built of, see mcu/rules.mk.
RUN = (Build('small', 'Os'), Build('table', 'O2'), Build('switch', 'O2'))
BOARD = 'm4'
WHOLE = (Build('small', 'Os'), Build('table', 'O2'))
# What can be left out, and what a guest misses then.
OPTIONS = {'VM_ATOMICS=0': 'atomic operations',
           'VM_V4=0': '`-mcpu=v4`: signed division, sign extension, `bswap`, `gotol`',
           'VM_JMP32=0': '32-bit comparisons (`-mcpu=v3`)',
           'VM_DIV64=0': 'division of 64 bits; 32 bits stay',
           'VM_LOCAL_CALLS=0': 'functions that call each other',
           'VM_CALLX=0': 'calls through a register',
           'VM_KV=0': 'key-value stores',
           'VM_FRAMES=1': 'local calls, and RAM for seven frames'}
# What every firmware uses of include/embed.h: the rest is not linked if it is not called.
USED = ('bpfvm_init_image', 'bpfvm_execute_ctx')
FRAMES = (1, 2, 8)
RAM_LIMIT = 200  # bytes of an instance with one frame, without the guest's stack


class Failed(Exception):
    """A sentence, and what to do about it."""


class Tools:
    """The compiler for the processor, and what came with it."""

    def __init__(self, compiler, flags, link):
        self.compiler, self.flags, self.link = map(shlex.split, (compiler, flags, link))
        self.prefix = self.compiler[0].removesuffix('gcc')

    def call(self, *words):
        run = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
        if run.returncode:
            raise Failed(f'{shlex.join(map(str, words))}: {run.stderr.strip()}')
        return run.stdout

    def compile(self, build, source, to):
        words = [f'-D{o}' for o in build.less] + [f'-DVM_CORE={build.core}']
        self.call(*self.compiler, f'-{build.option}', '-g', *self.flags, *words, '-c', '-o', to,
                  source)

    def symbols(self, file):
        """[(name, kind, source file, its line)]; size and file are '' if nothing tells."""
        rows = re.findall(r'^[0-9a-f]+ (\w) (\S+)(?:\t(.*):(\d+))?$',
                          self.call(self.prefix + 'nm', '-l', file), re.M)
        return [(name, kind, path, int(line or 0)) for kind, name, path, line in rows]

    def linked(self, file, roots, folder):
        """[(section, bytes, file)] of what is left of `file` and libraries if `roots` are used."""
        to = folder / 'linked.map'
        self.call(*self.compiler, *self.flags, f'-Wl,-Map={to},-e,{roots[0]}',
                  *(f'-Wl,-u,{root}' for root in roots), '-o', folder / 'linked.elf', file,
                  *self.link)
        kept = to.read_text().partition('Linker script and memory map')[2]
        rows = re.findall(r'^ (\.(?:text|rodata|data|bss)\S*)\s+0x\w+\s+0x(\w+) (\S+)$', kept, re.M)
        return [(section, int(size, 16), path) for section, size, path in rows]

    def size_of(self, what, less, folder):
        """sizeof of something in include/embed.h."""
        source, to = folder / 'size.c', folder / 'size.o'
        source.write_text(f'#include "embed.h"\nchar size[sizeof({what})];\n')
        self.compile(Build('small', 'Os', less), source, to)
        return int(self.call(self.prefix + 'nm', '-S', to).split()[1], 16)


def heading_at(path, line):
    """The last heading above a line of a file."""
    text = pathlib.Path(path).read_text().splitlines()[:line]
    found = [m[1] for m in (re.match(r'/\* --- (.*?) -+ \*/', row) for row in text) if m]
    return found[-1] if found else 'its beginning'


def part_at(path, line):
    """The part whose source that is; None if nobody has said."""
    return FILES.get(pathlib.Path(path).name) or HEADINGS.get(heading_at(path, line))


def part_of(section, symbols):
    """The part of a section of mcu/embed.c, which the compiler has named after what is in it."""
    if re.fullmatch(r'\.rodata\.str\d+\.\d+', section):
        return 'texts'
    name = re.sub(r'^\.(?:text|rodata|data|bss)\.(?:unlikely\.|cst\d+\.)?', '', section)
    name = re.sub(r'\.(?:str\d+\.\d+)$', '', name)
    path, line = symbols.get(name, ('', 0))
    part = part_at(path, line) if path else None
    if not part:
        raise Failed(f'{section}, of {path}:{line}, is in no part of the machine that is known\n'
                     '  hint: FILES and HEADINGS in tests/mcu/size.py say which one it is')
    return part


def sizes(tools, build, roots=None):
    """Bytes of each part of a build; without `roots`, of all that include/embed.h declares."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        file = folder / 'embed.o'
        tools.compile(build, SOURCE, file)
        rows = tools.symbols(file)
        symbols = {name: (path, line) for name, _, path, line in rows if path}
        parts = dict.fromkeys(PARTS, 0)
        everything = [name for name, kind, _, _ in rows if kind == 'T']
        for section, size, path in tools.linked(file, roots or everything, folder):
            library = LIBRARIES.get(pathlib.Path(path.partition('(')[0]).name)
            if size:
                parts[library or part_of(section, symbols)] += size
        return parts


def own(parts):
    """Bytes of the machine itself."""
    return sum(size for part, size in parts.items() if part not in LIBRARIES.values())


def print_row(cells):
    print('| ' + ' | '.join(str(c) for c in cells) + ' |')


def parts_table(tools, pool):
    """Prints what parts take; returns what is above its limit."""
    print_row(('build', '', *PARTS))
    print('|---|---|' + '---:|' * len(PARTS))
    above = []
    found = pool.map(lambda build: sizes(tools, build), BUILDS)
    for (build, limit), parts in zip(BUILDS.items(), found):
        print_row((build.name(), f'-{build.option}', *(f'{parts[p]:,}' for p in PARTS)))
        if limit and parts['core'] > limit:
            above.append(f'{build.name()} -{build.option}: {parts["core"]:,} bytes of core, '
                         f'more than {limit:,}')
    return above


def options_table(tools, pool):
    """Prints what options save in a firmware that calls USED; returns those that save nothing."""
    print_row(('option', 'leaves out', *(f'{b.core} -{b.option}' for b in WHOLE),
               *(f'libgcc, {b.core}' for b in WHOLE)))
    print('|---|---|' + '---:|' * len(WHOLE) * 2)
    rows = [(), *((option,) for option in OPTIONS), tuple(OPTIONS)]
    found = list(pool.map(lambda task: sizes(tools, task[0]._replace(less=task[1]), USED),
                          [(build, less) for less in rows for build in WHOLE]))
    whole, *saved = [found[i:i + len(WHOLE)] for i in range(0, len(found), len(WHOLE))]
    print_row(('', 'nothing: bytes in all', *(f'{own(p):,}' for p in whole),
               *(f'{p["libgcc"]:,}' for p in whole)))
    texts = [(f'`{o}`', text) for o, text in OPTIONS.items()] + [('all of them', '')]
    above = []
    for (option, text), parts in zip(texts, saved):
        less = [own(p) - own(q) for p, q in zip(whole, parts)]
        library = [p['libgcc'] - q['libgcc'] for p, q in zip(whole, parts)]
        print_row((option, text, *(f'{n:,}' for n in less + library)))
        if sum(less + library) <= 0:
            above.append(f'{option} saves nothing')
    return above


def ram_table(tools):
    """Prints RAM of an instance; returns what is above its limit."""
    with tempfile.TemporaryDirectory() as folder:
        ram = [tools.size_of('struct bpfvm', (f'VM_FRAMES={n}',), pathlib.Path(folder))
               for n in FRAMES]
    print_row(('frames', *FRAMES))
    print('|---|' + '---:|' * len(FRAMES))
    print_row(('bytes of an instance', *ram))
    return [f'RAM of an instance: {ram[0]} bytes, more than {RAM_LIMIT}'] * (ram[0] > RAM_LIMIT)


def c_stack_table(build, command):
    """Prints what a run takes of the C stack; returns what is above its limit."""
    suites = [run.Suite(build, run.Board(BOARD, b.core, 1, command)) for b in RUN]
    missing = suites[0].missing()
    if missing:
        print(f'C stack: not measured: {missing}')
        return []
    used = [suite.measured_c_stack() for suite in suites]
    print_row(('', *(f'{b.core} -{b.option}' for b in RUN)))
    print('|---|' + '---:|' * len(RUN))
    print_row(('bytes of C stack in a run', *used))
    limit = run.C_STACK[BOARD]
    return [f'{b.core} -{b.option}: {n} bytes of C stack, more than {limit}'
            for b, n in zip(RUN, used) if n > limit]


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--compiler', required=True)
    parser.add_argument('--flags', required=True)
    parser.add_argument('--link', required=True)
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--run', required=True)
    args = parser.parse_args()
    tools = Tools(args.compiler, args.flags, args.link)
    if not shutil.which(tools.compiler[0]):
        raise Failed(f'{tools.compiler[0]} is not installed')
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        above = parts_table(tools, pool)
        print()
        above += options_table(tools, pool)
    print()
    above += ram_table(tools)
    print()
    above += c_stack_table(args.build, args.run)
    for line in above:
        print(f'size: {line}', file=sys.stderr)
    return 1 if above else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (Failed, OSError) as failed:
        hint = '' if 'hint:' in str(failed) else '\n  hint: .ci/packages mcu'
        print(f'size: {failed}{hint}', file=sys.stderr)
        sys.exit(1)
