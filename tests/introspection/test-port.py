#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each scenario of port-scenarios.py in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'ports',
    'port_life',
    'port_packets',
    'port_statistics',
    'port_list',
    'port_link_is_notified',
)}

if __name__ == '__main__':
    sys.exit(runner.main('port', os.path.join(os.path.dirname(__file__), 'port-scenarios.py'),
                         SCENARIOS, 1))
