# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program under test, which does what it is told, line by line."""

import collections
import subprocess
import tempfile
import threading
import time

PATIENCE_S = 90


class TargetError(Exception):
    """The target did not do what it was told."""


class Target:
    def __init__(self, program):
        # what it prints on the way down must not fill a pipe that nobody reads
        self.errors = tempfile.TemporaryFile(mode='w+', encoding='utf-8', errors='replace')
        self.process = subprocess.Popen((program,), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, encoding='utf-8', bufsize=1)
        self.condition = threading.Condition()
        self.events = collections.defaultdict(list)
        self.answers = {}
        self.n_commands = 0
        self.n_ids = 0
        self.is_ready = False
        self.has_ended = False
        self.thread = threading.Thread(target=self._read, name='target')
        self.thread.start()
        try:
            self._wait_for(lambda: self.is_ready, 'start', PATIENCE_S)
        except TargetError as error:
            errors, status = self.stop()
            raise TargetError(f'{error}\nstatus {status}\n{errors}') from None

    def _read(self):
        for line in self.process.stdout:
            words = line.rstrip('\n').split(' ')
            with self.condition:
                if words[0] == 'ready':
                    self.is_ready = True
                elif words[0] in ('done', 'failed'):
                    self.answers[words[1]] = words
                elif words[0] == 'accepted':
                    self.events['port ' + words[3]].append(['accepted', words[1]])
                else:
                    self.events[words[1]].append([words[0]] + words[2:])
                self.condition.notify_all()
        with self.condition:
            self.has_ended = True
            self.condition.notify_all()

    def _wait_for(self, condition, what, patience):
        deadline = time.monotonic() + patience
        with self.condition:
            while not condition():
                if self.has_ended:
                    raise TargetError(f'the target has ended, {what} was expected')
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TargetError(f'no {what} from the target in {patience} s')
                self.condition.wait(left)

    def command(self, *words):
        with self.condition:
            self.n_commands += 1
            number = str(self.n_commands)
            try:
                self.process.stdin.write(' '.join(map(str, (number,) + words)) + '\n')
            except OSError as error:
                raise TargetError(f'the target has ended: {error}') from None
        self._wait_for(lambda: number in self.answers, f'answer to {words}', PATIENCE_S)
        answer = self.answers.pop(number)
        if answer[0] == 'failed':
            raise TargetError(f'{" ".join(map(str, words))}: {" ".join(answer[2:])}')

    def new_id(self):
        with self.condition:
            self.n_ids += 1
            return f'c{self.n_ids}'

    def _find(self, key, kinds):
        return next((event for event in self.events[key] if event[0] in kinds), None)

    def event(self, key, *kinds, patience=PATIENCE_S):
        """Waits for the next event of one of these kinds; others are left for later."""
        self._wait_for(lambda: self._find(key, kinds), f'{" or ".join(kinds)} of {key}', patience)
        with self.condition:
            event = self._find(key, kinds)
            self.events[key].remove(event)
        return event

    def has_event(self, key, *kinds):
        with self.condition:
            return self._find(key, kinds) is not None

    def stop(self):
        """What it printed on standard error, and its status."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            status = self.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.thread.join()
        self.errors.seek(0)
        return self.errors.read(), status
