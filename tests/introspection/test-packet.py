#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each scenario of packet-scenarios.py in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'packets',
    'packet_data',
    'waiting_for_packets',
    'packet_caches',
    'packet_outlives_everything',
)}

if __name__ == '__main__':
    sys.exit(runner.main('packet', os.path.join(os.path.dirname(__file__), 'packet-scenarios.py'),
                         SCENARIOS, 1))
