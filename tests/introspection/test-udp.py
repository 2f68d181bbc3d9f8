#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each use of UDP sockets in Python, in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'exchange_with_the_kernel',
    'source_in_the_main_context',
    'on_the_worker',
    'properties_and_errors',
)}

if __name__ == '__main__':
    sys.exit(runner.main('udp', os.path.join(os.path.dirname(__file__), 'udp-scenarios.py'),
                         SCENARIOS, 1))
