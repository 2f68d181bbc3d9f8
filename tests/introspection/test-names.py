#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each use of names in Python, in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'resolver',
    'default_resolver',
    'client',
    'client_async',
    'listener',
)}

if __name__ == '__main__':
    sys.exit(runner.main('names', os.path.join(os.path.dirname(__file__), 'names-scenarios.py'),
                         SCENARIOS, 1))
