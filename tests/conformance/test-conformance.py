#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speaks TCP by the packet at a listener and at a client of ours, over a port of its own.

test-conformance.py PROGRAM [PART-OF-A-NAME...]
test-conformance.py --table
"""

import ctypes
import importlib
import importlib.util
import logging
import sys

PARTS = ('opening', 'data', 'windows', 'closing', 'resets', 'syns', 'options', 'timestamps',
         'timers', 'sending', 'ecn', 'packets')
CLONE_NEWNET = 0x40000000


def enter_namespace():
    return ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0


def main():
    if importlib.util.find_spec('scapy') is None:
        print('1..0 # SKIP scapy is not installed (package python3-scapy)')
        return 0
    logging.getLogger('scapy').setLevel(logging.ERROR)
    # before scapy looks at the interfaces
    if sys.argv[1] != '--table' and not enter_namespace():
        print('1..0 # SKIP needs the privilege to make a network namespace')
        return 0
    for part in PARTS:
        importlib.import_module(f'cases_{part}')
    import suite
    if sys.argv[1] == '--table':
        print('\n'.join(suite.make_table()))
        return 0
    from target import TargetError
    try:
        tests = suite.Suite(sys.argv[1])
    except TargetError as error:
        print('1..1')
        suite.report(1, 'start-of-the-target', str(error))
        return 1
    return tests.run(sys.argv[2:])


if __name__ == '__main__':
    sys.exit(main())
