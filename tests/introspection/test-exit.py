#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each way out of a Python program many times, each in a fresh process."""

import os
import sys

import runner

N_TIMES = 50 if os.environ.get('DPDK_TEST_LONG') == '1' else 10

# scenario -> exit status, what standard error has to have
SCENARIOS = {
    'serve_and_shut_down': (0, None),
    'serve_and_fall_off': (0, None),
    'fall_off_with_pending_operations': (0, None),
    'fall_off_with_pending_operations_on_a_worker': (0, None),
    'fall_off_while_called': (0, None),
    'fall_off_while_two_workers_call': (0, None),
    'fall_off_with_attributes': (0, None),
    'fall_off_with_a_cycle': (0, None),
    'fall_off_after_dropping_all': (0, None),
    'fall_off_during_shutdown': (0, None),
    'fall_off_with_a_daemon_thread': (0, None),
    'drop_in_another_thread': (0, None),
    'drop_on_the_worker': (0, None),
    'exit_in_a_callback': (3, None),
    'exit_on_the_worker': (4, None),
    'exit_on_one_of_two_workers': (4, None),
    'exit_in_a_thread': (0, None),
    'raise_in_main': (1, 'RuntimeError: as wanted'),
    'raise_in_a_callback': (0, 'RuntimeError: as wanted'),
    'stop_by_signal': (5, None),
    'leave_with': (0, None),
    'exit_while_a_callback_sleeps': (0, None),
    'fork_and_exit': (6, None),
}

if __name__ == '__main__':
    sys.exit(runner.main('exit', os.path.join(os.path.dirname(__file__), 'exit-scenarios.py'),
                         SCENARIOS, N_TIMES))
