#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Compares the cores with the model of RFC 9669 in model.py, through `loader conformance`; prints TAP.

  run.py [--core NAME]... [--loader PATH] [--only TEXT]     (default: every core, ./loader)
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # a test leaves nothing in the source tree

import cases_alu
import cases_bad
import cases_jump
import cases_memory
from isa import describe, encode
from model import Machine

CORES = ('kernel', 'switch', 'table', 'small')
BUDGET = 10000  # instructions: enough for every case that ends
SHOWN = 5       # failures of a group that are written down in full
INCLUDE = pathlib.Path(__file__).resolve().parents[2] / 'include'
SLOW = 600      # seconds after which a core hangs


def sentences(name):
    """{name: sentence} of the rows of traps.def or checks.def."""
    text = (INCLUDE / name).read_text()
    rows = re.findall(r'^(?:TRAP|CHECK)\((\w+),\s*"((?:[^"\\]|\\.)*)"', text, re.M)
    return {row: sentence.replace('\\"', '"') for row, sentence in rows}


def model_says(case, traps):
    """The line that a core has to answer when it runs the case, without its id."""
    what, value = Machine(case.insns, case.memory).run(BUDGET)
    return f'{value:x}' if what == 'r0' else f'!insn {value & 0xffffffff}: {traps[what]}'


def expectation(case, traps):
    """The line that a core has to answer behind the checker; of a refusal, the beginning."""
    if case.refused is not None:
        return f'!insn {case.refused}: '
    return model_says(case, traps) if case.r0 is None else f'{case.r0:x}'


def ask(loader, core, cases, *options):
    """The answers of a core to the cases, in their order; None for one that is missing."""
    lines = [f'{n} {encode(c.insns) or "-"} {c.memory.hex() or "-"}\n' for n, c in enumerate(cases)]
    command = [loader, 'conformance', '--core', core, '--steps', str(BUDGET), *options]
    run = subprocess.run(command, input=''.join(lines), capture_output=True, text=True,
                         timeout=SLOW, check=False)
    answers = dict(line.split(' ', 1) for line in run.stdout.splitlines() if ' ' in line)
    if run.returncode:
        print(f'# {" ".join(command)}: exit code {run.returncode}')
        print(''.join(f'# {line}\n' for line in run.stderr.splitlines()[:10]), end='')
    return [answers.get(str(n)) for n in range(len(cases))], run.returncode


def right(case, expected, got, refusals):
    if got is None:
        return False
    if case.refused is None:
        return got == expected
    return got.startswith(expected) and plain(got[len(expected):]) in refusals


def plain(refusal):
    """A refusal as checks.def has it: without the name and number of a helper."""
    return re.sub(r'^a call of helper .*\d\)?, which guests', 'a call of a helper that guests', refusal)


class Tap:
    """Writes results in the Test Anything Protocol and remembers whether all were good."""

    def __init__(self):
        self.count, self.failed, self.cases = 0, 0, 0

    def result(self, good, text):
        self.count += 1
        self.failed += not good
        print(f'{"" if good else "not "}ok {self.count} - {text}', flush=True)

    def group(self, title, results):
        """Results of one group: (case, good, expected, got)."""
        bad = [r for r in results if not r[1]]
        self.cases += len(results)
        wrong = f', {len(bad)} wrong' if bad else ''
        self.result(not bad, f'{title}: {len(results)} cases{wrong}')
        for case, _, expected, got in bad[:SHOWN]:
            print(f'#   memory {case.memory.hex() or "-"}')
            print(''.join(f'#   {line}\n' for line in describe(case.insns)), end='')
            print(f'#   expected {expected}\n#   got      {got}')

    def finish(self, summary):
        print(f'1..{self.count}\n# {summary}', flush=True)
        return 1 if self.failed or not self.count else 0


def by_group(results):
    groups = {}
    for result in results:
        groups.setdefault(result[0].group, []).append(result)
    return groups


def compare(tap, args, core, cases, expected):
    """The checked run: against the model, and against what the checker has to refuse."""
    refusals = set(sentences('checks.def').values())
    answers, status = ask(args.loader, core, cases)
    results = [(c, right(c, e, a, refusals), e, a) for c, e, a in zip(cases, expected, answers)]
    for group, some in by_group(results).items():
        tap.group(f'{core}: {group}', some)
    tap.result(not status, f'{core}: the batch ends well')


def agree(tap, args, core, cases, reference):
    """The run without a checker: whatever the bytes are, every core survives and says the same."""
    answers, status = ask(args.loader, core, cases, '--unchecked')
    results = [(c, a is not None and a == r, r, a) for c, r, a in zip(cases, reference, answers)]
    for group, some in by_group(results).items():
        tap.group(f'{core}, unchecked: {group}', some)
    tap.result(not status, f'{core}, unchecked: the batch ends well')


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--core', action='append', choices=CORES)
    parser.add_argument('--loader', default='./loader')
    parser.add_argument('--only', default='', help='groups whose name contains this')
    return parser.parse_args()


def main():
    args, tap, traps = arguments(), Tap(), sentences('traps.def')
    chosen = [c for part in (cases_alu, cases_jump, cases_memory, cases_bad) for c in part.cases()
              if args.only in c.group]
    wild = [c for c in chosen if c.refused is not None]
    wild += [c for c in cases_bad.garbage() if args.only in c.group]
    expected = [expectation(c, traps) for c in chosen]
    reference = ask(args.loader, 'switch', wild, '--unchecked')[0]
    reference = [model_says(c, traps) if c.modelled else r for c, r in zip(wild, reference)]
    for core in args.core or CORES:
        if core == 'kernel' and os.geteuid():
            tap.result(True, 'kernel # SKIP needs root')
            continue
        compare(tap, args, core, chosen, expected)
        agree(tap, args, core, wild, reference)
    return tap.finish(f'{tap.cases} cases, {tap.failed} of {tap.count} groups failed')


if __name__ == '__main__':
    sys.exit(main())
