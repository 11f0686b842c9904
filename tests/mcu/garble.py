#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
The example firmware, built for the host with sanitizers, and lines, images and frames of which many
are damaged, the checksums being right. Whatever comes, it has to end well; prints TAP.

  garble.py LOADER FIRMWARE [SESSIONS]
"""
import collections
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # a test leaves nothing in the source tree

from frames import FRAME, frame
from lies import with_checksum

GUESTS = ('fib', 'sample', 'tick', 'data')
VERBS = [b'list', b'stat', b'kv', b'hooks', b'info', b'help', b'run a', b'run b', b'stop a',
         b'start a', b'remove a', b'remove b', b'stat a', b'kv a 1 2', b'kv global 3 4',
         b'packet ' + b'ab' * 40, b'packet ' + b'ff' * 128, b'packet ' + b'5a' * 150]
SEEN = ('ok', 'VERB', 'LINE', 'HEX', 'REFUSED', 'PART', 'AREA', 'FULL', 'trap')
STEPS = 60       # of a session
SECONDS = 120    # after which a firmware hangs
PROGS = os.path.join(os.path.dirname(__file__), '../../progs')


def images(loader):
    with tempfile.TemporaryDirectory() as folder:
        for name in GUESTS:
            path = f'{folder}/{name}.img'
            subprocess.run([loader, 'pack', '--strip', '--unchecked', f'{PROGS}/{name}.o', '-o',
                            path], check=True, stdout=subprocess.DEVNULL)
            with open(path, 'rb') as file:
                yield file.read()


def load(rng, image):
    """An image that is mostly damaged, in frames that are mostly not."""
    image = bytearray(image)
    for _ in range(rng.choice((0, 0, 1, 3))):
        at = rng.randrange(16, len(image))
        image[at] = rng.choice((0, 255, rng.randrange(256), image[at] ^ 1 << rng.randrange(8)))
    image = with_checksum(bytes(image))
    size = len(image) + rng.choice((0,) * 20 + (-8, 8))
    words = (rng.choice(('a', 'b', 'c')), rng.choice(('tick', 'sample', 'packet')),
             rng.choice(('user', 'maker', '-')), str(size))
    parts = [' '.join(('load', *words)).encode() + b'\n']
    for number, at in enumerate(range(0, len(image), FRAME)):
        data = frame(number, image[at:at + FRAME])
        parts += [data] * rng.choice((1,) * 20 + (0, 2))
        if rng.random() < 0.002:
            parts[-1] = data[:-1] + rng.randbytes(rng.randrange(1, 600))
    return b''.join(parts)


def flood(rng):
    """More than there is room for, whatever was said before."""
    image = rng.randbytes(40000)
    size = rng.choice((len(image), 4096, rng.randrange(1, 4096)))
    frames = [frame(number & 255, image[at:at + FRAME])
              for number, at in enumerate(range(0, len(image), FRAME))]
    return f'load a tick user {size}\n'.encode() + b''.join(frames)


def session(rng, guests):
    for _ in range(STEPS):
        kind = rng.random()
        if kind < 0.5:
            yield load(rng, rng.choice(guests))
        elif kind < 0.6:
            yield rng.randbytes(rng.randrange(1, 1200)) + b'\n'
        else:
            verb = bytearray(rng.choice(VERBS))
            if kind < 0.7:
                verb[rng.randrange(len(verb))] = rng.randrange(256)
            yield bytes(verb) + b'\r\n'
    if rng.random() < 0.2:
        yield b'remove a\nremove b\nremove c\n' + flood(rng)


def said(line):
    """What a line of the firmware's counts as."""
    words = line.decode(errors='replace').split(':')
    if words[0] == 'error':
        return words[1].strip()
    return 'trap' if words[0].startswith('! trap') else words[0]


def main():
    loader, firmware, *count = sys.argv[1:]
    guests = list(images(loader))
    seen = collections.Counter()
    failed = None
    for seed in range(int(count[0]) if count else 500):
        data = b''.join(session(random.Random(seed), guests))
        run = subprocess.run([firmware], input=data, stdout=subprocess.PIPE, timeout=SECONDS,
                             stderr=subprocess.PIPE, check=False)
        seen.update(said(line) for line in run.stdout.split(b'\r\n'))
        if run.returncode:
            failed = f'seed {seed}: status {run.returncode}\n' + run.stderr.decode()[:2000]
            break
    print('1..2')
    print('not ok' if failed else 'ok', '1 - the firmware ends well')
    missing = [what for what in SEEN if not seen[what]]
    print('not ok' if missing else 'ok', '2 - all of it was tried')
    for line in (failed or '').splitlines() + [f'never seen: {what}' for what in missing]:
        print('#', line)
    return 1 if failed or missing else 0


if __name__ == '__main__':
    sys.exit(main())
