#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each scenario of eal-scenarios.py in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'errors_of_the_eal',
    'state_is_notified',
    'shutdown_without_blocking',
    'dependants',
    'registered_threads',
    'eal_builder',
    'second_eal_after_the_first',
    'second_runtime_while_the_eal_lives',
)}

if __name__ == '__main__':
    sys.exit(runner.main('eal', os.path.join(os.path.dirname(__file__), 'eal-scenarios.py'),
                         SCENARIOS, 1))
