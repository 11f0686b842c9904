#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
A device at a serial port that does not behave, for the tests of `loader push`.

  fake_device.py pty|unix PATH [MODE]

PATH becomes a link to the terminal, or the socket. Without a MODE the device greets, lists nothing
and takes every image. MODE is what it does instead:

  mute      never says anything
  blank     says nothing but line ends, without end
  zeros     the same with bytes of 0
  random    the same with any bytes (always the same ones)
  news      answers, amid news without end
  table     greets; its other answers have no end
  plus      has had a frame that was never sent, without end
  minus     wants each frame again
  odd       answers `load` with a word that is none
  bye       greets and hangs up
  half      hangs up in the middle of a line
  cut       hangs up after the first frame
  escape    says what would do something to a terminal
  long      has a line that is too long for everybody; its end looks like that of an answer
  late      answers the first question with the second, and what an older one left before both
  deaf      misses the first copy of each frame, and does not wait for long
  slow      says each byte on its own
"""
import os
import pty
import random
import select
import socket
import sys
import termios
import time

SAYS = {b'info': b'KEY VALUE\r\nuptime_ms 1\r\nok\r\n', b'list': b'NAME STATE\r\nok\r\n'}
ENDLESS = {'blank': b'\r\n' * 50, 'zeros': bytes(100), 'random': random.Random(1).randbytes(3000)}


class Device:
    def __init__(self, fd, mode):
        self.fd, self.mode, self.image = fd, mode, 0
        self.missed = None  # when it was

    def say(self, data):
        step = 1 if self.mode == 'slow' else len(data)
        for at in range(0, len(data), step):
            os.write(self.fd, data[at:at + step])

    def forever(self, data):
        while True:
            self.say(data)
            time.sleep(0.001)

    def take(self, data):
        """Frames of an image; each of them comes as a whole."""
        if self.mode == 'plus':
            self.forever(b'+ 77\r\n')
        if self.mode == 'deaf' and not self.missed:
            self.missed = time.monotonic()
            return
        if self.mode == 'deaf':
            if time.monotonic() - self.missed > 2:
                self.say(b'error: SILENCE: the image stopped coming\r\n')
                self.image = 0
                return
            self.missed = None
        if self.mode == 'minus':
            self.say(b'- 0\r\n')
            return
        self.say(b'+ %d\r\n' % data[1])
        if self.mode == 'cut':
            sys.exit()
        self.image -= data[2] + 1
        if self.image <= 0:
            self.say(b'ok\r\n')

    def answer(self, line):
        special = {'bye': None, 'escape': b'NAME\r\n\x1b]0;title\x07\x9b2J\r\nok\r\n',
                   'long': b'NAME\r\n: x ' + b'y' * 507 + b'ok\r\nlast\r\nok\r\n', 'half': b'NAM'}
        words = line.split()
        if line == b'info' and self.mode == 'late':
            self.mode = 'now'
        elif line == b'info' and self.mode == 'now':
            self.mode = ''
            self.say(b'TE HALF\r\nok\r\n' + 2 * SAYS[line])
        elif line == b'info' and self.mode == 'news':
            self.forever(b'! x\r\n: y\r\n')
        elif line == b'info' or (self.mode not in special and line in SAYS and
                                 self.mode != 'table'):
            self.say(SAYS[line])
        elif self.mode == 'table':
            self.forever(b'NAME STATE\r\n')
        elif self.mode in special:
            self.say(special[self.mode] or b'')
            if self.mode in ('bye', 'half'):
                sys.exit()
        elif words[:1] == [b'load'] and len(words) == 5:
            self.image = int(words[4])
            self.say(b'what?\r\n' if self.mode == 'odd' else b'send\r\n')
        else:
            self.say(b'error: VERB: ' + line + b'\r\n')

    def serve(self):
        pending = b''
        while True:
            select.select([self.fd], [], [])
            data = os.read(self.fd, 4096)
            if not data:
                return
            if self.mode in ENDLESS:
                self.forever(ENDLESS[self.mode])
            if self.mode == 'mute':
                continue
            pending += data
            if self.image > 0:
                while self.image > 0 and len(pending) > 2 and len(pending) >= pending[2] + 8:
                    size = pending[2] + 8
                    frame, pending = pending[:size], pending[size:]
                    self.take(frame)
                continue
            while b'\n' in pending:
                line, pending = pending.split(b'\n', 1)
                if line:
                    self.answer(line)


def terminal(path, mode):
    ours, theirs = pty.openpty()
    settings = termios.tcgetattr(theirs)  # what the port is before anybody opens it
    settings[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    os.symlink(os.ttyname(theirs), path)
    Device(ours, mode).serve()


def sockets(path, mode):
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path + '.new')
    listening.listen()
    os.rename(path + '.new', path)
    while True:
        Device(listening.accept()[0].detach(), mode).serve()


def main():
    kind, path, mode = (sys.argv[1:] + [''])[:3]
    try:
        (terminal if kind == 'pty' else sockets)(path, mode)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the loader has had enough


if __name__ == '__main__':
    main()
