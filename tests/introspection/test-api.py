#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each use of the library in Python, in a fresh process."""

import os
import sys

import runner

SCENARIOS = {name: (0, None) for name in (
    'errors_of_a_configuration',
    'errors_of_the_eal',
    'state_is_notified',
    'shutdown_without_blocking',
    'dependants',
    'registered_threads',
    'eal_builder',
    'second_eal_after_the_first',
    'second_runtime_while_the_eal_lives',
    'packets',
    'packet_data',
    'waiting_for_packets',
    'packet_caches',
    'packet_outlives_everything',
    'interface_addresses',
    'configurations',
    'ports',
    'port_life',
    'port_packets',
    'port_statistics',
    'port_list',
    'port_link_is_notified',
    'workers',
    'closures_are_freed',
    'sockets',
    'incoming_signal',
    'run_and_quit',
    'collected_by_another_thread',
)}

if __name__ == '__main__':
    sys.exit(runner.main('api', os.path.join(os.path.dirname(__file__), 'api-scenarios.py'),
                         SCENARIOS, 1))
