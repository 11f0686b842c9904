#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
Writes figures into pages: what stands between two lines

  <!-- make TARGET, N -->
  <!-- end -->

becomes paragraph N of what `make -s TARGET` prints. A target that fails because something is above
its limit has printed it nevertheless: it is written, and the exit code is 1.

  figures.py PAGE...
"""
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r'(<!-- make ([\w-]+), (\d+) -->\n)(.*?)(<!-- end -->)', re.S)


class Printed:
    """What targets print, each made once."""

    def __init__(self):
        self.paragraphs, self.failed = {}, False

    def paragraph(self, target, number):
        if target not in self.paragraphs:
            run = subprocess.run(['make', '-s', target], stdout=subprocess.PIPE, text=True,
                                 check=False)
            self.failed |= run.returncode != 0
            self.paragraphs[target] = run.stdout.rstrip('\n').split('\n\n')
        found = self.paragraphs[target]
        if not 0 < number <= len(found) or not found[number - 1].strip():
            raise SystemExit(f'figures: make {target}: it prints no paragraph {number}\n'
                             '  hint: see what it says on its own')
        return found[number - 1]


def main(pages):
    printed = Printed()
    for page in map(pathlib.Path, pages):
        text = page.read_text()
        new, count = BLOCK.subn(lambda m: f'{m[1]}{printed.paragraph(m[2], int(m[3]))}\n{m[5]}',
                                text)
        if not count:
            raise SystemExit(f'figures: {page}: no figures belong there\n'
                             '  hint: a line <!-- make TARGET, N -->, and one <!-- end -->')
        if new != text:
            page.write_text(new)
        print(f'{page}: {count} blocks, {"changed" if new != text else "as before"}')
    return 1 if printed.failed else 0


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit('usage: figures.py PAGE...')
    sys.exit(main(sys.argv[1:]))
