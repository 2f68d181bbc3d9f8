#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each scenario of runtime-scenarios.py in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'errors_of_a_configuration',
    'interface_addresses',
    'configurations',
    'workers',
    'closures_are_freed',
    'run_and_quit',
    'collected_by_another_thread',
)}

if __name__ == '__main__':
    sys.exit(runner.main('runtime', os.path.join(os.path.dirname(__file__), 'runtime-scenarios.py'),
                         SCENARIOS, 1))
