# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the cases, several at a time because most of them wait, and reports in TAP."""

import concurrent.futures
import itertools
import os
import time
import traceback

import wire
from peer import Mismatch, Peer
from target import Target, TargetError

N_PARALLEL = 16
README = os.path.join(os.path.dirname(__file__), 'README.md')
CASES = []


def case(section, versions=(4, 6)):
    """A case, and the section of an RFC that decides it; the docstring says what is tested."""
    def register(function):
        function.section = section
        function.versions = versions
        CASES.append(function)
        return function
    return register


class Case:
    """One case over one version of IP."""

    def __init__(self, suite, function, version):
        self.suite = suite
        self.function = function
        self.version = version
        self.peers = []
        self.ports = []
        self.name = f'{name_of(function)}/ipv{version}'

    def listen(self, mode='held', **options):
        port = self.suite.new_port()
        words = (f'{name.replace("_", "-")}={int(value)}' for name, value in options.items())
        self.suite.target.command('listen', port, mode, *words)
        self.ports.append(port)
        return port

    def peer(self, port=None, **fields):
        return Peer(self, port, **fields)

    def accepted(self, peer):
        peer.id = self.suite.target.event(f'port {peer.own_port}', 'accepted')[1]
        return peer

    def open(self, syn_options=None, **options):
        """A connection to a listener of the target's."""
        peer = self.peer(self.listen(**options))
        peer.open(syn_options)
        return self.accepted(peer)

    def begin_connect(self, local_port=0, peer=None, flags='S', **options):
        """The target connects; its SYN has arrived."""
        peer = peer or self.peer()
        peer.id = self.suite.target.new_id()
        words = (f'{name.replace("_", "-")}={int(value)}' for name, value in options.items())
        self.suite.target.command('connect', peer.id, wire.PEER[self.version], peer.own_port,
                                  local_port, *words)
        self.syn = peer.expect_syn(flags=flags)
        return peer

    def connect(self, syn_options=None, **options):
        """A connection that the target has opened."""
        peer = self.begin_connect(**options)
        peer.answer_syn(syn_options)
        peer.event('connected')
        return peer

    def run(self):
        """Returns what is wrong, or None."""
        fault = self._find_fault()
        for peer in self.peers:
            peer.close()
        try:
            for port in self.ports:
                self.suite.target.command('unlisten', port)
        except TargetError as error:
            return fault or str(error)
        return fault

    def _find_fault(self):
        try:
            self.function(self)
        except (Mismatch, TargetError, TimeoutError) as error:
            return f'{error}\ndecided by: {self.function.section}'
        except Exception:
            return traceback.format_exc()
        return None


class Suite:
    def __init__(self, program):
        self.target = Target(program)
        self.ports = itertools.count(2000)
        self.peer_ports = itertools.count(20000)
        self.wire = None

    def new_port(self):
        return next(self.ports)

    def new_peer_port(self):
        return next(self.peer_ports)

    def run_one(self, one):
        start = time.monotonic()
        fault = one.run()
        return fault, time.monotonic() - start

    def run(self, names):
        """Prints a line for each case; the last ones are for what concerns them all."""
        ones = [Case(self, function, version) for function in CASES
                for version in function.versions]
        if names:
            ones = [one for one in ones if any(name in one.name for name in names)]
        print(f'1..{len(ones) + 3}', flush=True)
        n_failed = 0
        try:
            self.wire = wire.Wire()
            self.wire.greet()
            with concurrent.futures.ThreadPoolExecutor(N_PARALLEL) as pool:
                results = pool.map(self.run_one, ones)
                for number, (one, (fault, seconds)) in enumerate(zip(ones, results), 1):
                    n_failed += fault is not None
                    report(number, one.name, fault, seconds)
        finally:
            if self.wire is not None:
                self.wire.close()
            errors, status = self.target.stop()
        bad = self.wire.bad_checksums
        fault = '\n'.join(bad[:10]) + '\ndecided by: RFC 9293 3.1' if bad else None
        report(len(ones) + 1, 'checksums-of-all-segments', fault)
        end_fault = f'status {status}\n{errors}' if status != 0 or errors else None
        report(len(ones) + 2, 'end-of-the-target', end_fault)
        table_fault = find_table_fault(README)
        report(len(ones) + 3, 'table-of-the-cases', table_fault)
        return 1 if n_failed or fault or end_fault or table_fault else 0


def name_of(function):
    return function.__name__.replace('_', '-')


def make_table():
    """The cases as a table of Markdown."""
    yield '| case | what | decided by | IP |'
    yield '|---|---|---|---|'
    for function in CASES:
        what = ' '.join(function.__doc__.split())
        versions = ', '.join(f'v{version}' for version in function.versions)
        yield f'| {name_of(function)} | {what} | {function.section} | {versions} |'


def find_table_fault(path):
    """What is wrong with the table in a file, or None."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    if text.endswith('\n'.join(make_table()) + '\n'):
        return None
    return f'the table in {path} is not that of the cases: put in what --table prints'


def report(number, name, fault, seconds=None):
    took = f' ({seconds:.1f} s)' if seconds is not None else ''
    print(f'{"not ok" if fault else "ok"} {number} {name}{took}')
    for line in (fault or '').splitlines():
        print(f'# {line}')
    print(end='', flush=True)
