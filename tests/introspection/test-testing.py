#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each use of the testing library in Python, in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'impaired_pair',
    'lossy_link',
    'captures',
    'errors_of_a_link',
)}

if __name__ == '__main__':
    sys.exit(runner.main('testing', os.path.join(os.path.dirname(__file__), 'testing-scenarios.py'),
                         SCENARIOS, 1))
