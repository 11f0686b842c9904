#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Writes figures into pages: what stands between two lines

  <!-- make TARGET, N -->
  <!-- end -->

becomes paragraph N of what `make -s TARGET` prints. A target that fails because something is above
its limit has printed it nevertheless: it is written, and the exit code is 1.

  figures.py PAGE...
  figures.py --check COMPILER PAGE...

The second form is a test that writes nothing: whether limits are kept and pages say what is printed.
"""
import difflib
import pathlib
import re
import shutil
import subprocess
import sys

BLOCK = re.compile(r'(<!-- make ([\w-]+), (\d+) -->\n)(.*?)(<!-- end -->)', re.S)
VERSION = '12.2'  # of the compiler that the figures and limits are for: another one has others


class Printed:
    """What targets print, each made once."""

    def __init__(self):
        self.paragraphs, self.failed = {}, {}

    def paragraph(self, target, number):
        if target not in self.paragraphs:
            run = subprocess.run(['make', '-s', target], capture_output=True, text=True,
                                 check=False)
            self.failed[target] = run.stderr if run.returncode else ''
            self.paragraphs[target] = run.stdout.rstrip('\n').split('\n\n')
        found = self.paragraphs[target]
        if not 0 < number <= len(found) or not found[number - 1].strip():
            raise SystemExit(f'figures: make {target}: it prints no paragraph {number}\n'
                             f'{self.failed[target]}  hint: see what it says on its own')
        return found[number - 1]

    def renew(self, page):
        """A page's text as it is, as it has to be, and how many blocks of it are figures."""
        text = page.read_text()
        new, count = BLOCK.subn(lambda m: f'{m[1]}{self.paragraph(m[2], int(m[3]))}\n{m[5]}',
                                text)
        if not count:
            raise SystemExit(f'figures: {page}: no figures belong there\n'
                             '  hint: a line <!-- make TARGET, N -->, and one <!-- end -->')
        return text, new, count


def write(pages):
    printed = Printed()
    for page in pages:
        text, new, count = printed.renew(page)
        if new != text:
            page.write_text(new)
        print(f'{page}: {count} blocks, {"changed" if new != text else "as before"}')
    sys.stderr.write(''.join(printed.failed.values()))
    return 1 if any(printed.failed.values()) else 0


def other_compiler(name):
    """Why the figures are not this compiler's; None if they are."""
    if not shutil.which(name):
        return f'{name} is not installed'
    run = subprocess.run([name, '-dumpfullversion'], capture_output=True, text=True, check=True)
    found = run.stdout.strip()
    return None if found.startswith(VERSION) else f'figures are of {name} {VERSION}, this is {found}'


def check(compiler, pages):
    why = other_compiler(compiler)
    if why:
        print(f'1..0 # SKIP {why}')
        return 0
    printed, lines = Printed(), []
    for page in pages:
        text, new, count = printed.renew(page)
        diff = difflib.unified_diff(text.splitlines(), new.splitlines(), 'page', 'printed',
                                    lineterm='', n=0)
        lines.append((text == new, f'{page}: {count} blocks of figures', list(diff)))
    for target, failed in printed.failed.items():
        lines.append((not failed, f'make {target}: limits are kept', failed.splitlines()))
    for number, (good, what, why) in enumerate(lines, 1):
        print(f'{"ok" if good else "not ok"} {number} - {what}')
        for row in why:
            print(f'# {row}')
    print(f'1..{len(lines)}')
    return 0 if all(good for good, _, _ in lines) else 1


def main(words):
    if words[:1] == ['--check'] and len(words) > 2:
        return check(words[1], list(map(pathlib.Path, words[2:])))
    if words and not words[0].startswith('-'):
        return write(list(map(pathlib.Path, words)))
    print('usage: figures.py [--check COMPILER] PAGE...', file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
