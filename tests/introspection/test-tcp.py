#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each scenario of tcp-scenarios.py in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'sockets',
    'incoming_signal',
    'options_of_a_socket',
    'data_of_a_connection',
    'listeners',
    'source_of_a_listener',
    'addresses_and_state',
    'on_the_worker',
)}

if __name__ == '__main__':
    sys.exit(runner.main('tcp', os.path.join(os.path.dirname(__file__), 'tcp-scenarios.py'),
                         SCENARIOS, 1))
