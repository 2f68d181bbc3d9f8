# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs scenarios in processes of their own, and reports in TAP."""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

TIMEOUT_S = 30
# starting DPDK is mostly waiting
N_PARALLEL = 4
RUN_FOLDERS = ('/var/run/dpdk', '/tmp/dpdk', '/dev/hugepages')


def find_files(pid):
    """What a process has left: the names of DPDK end with the process that made them."""
    for folder in RUN_FOLDERS:
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            continue
        for name in names:
            if re.search(rf'_{pid}\b', name):
                yield f'{folder}/{name}'


def find_fault(status, errors, wanted_status, wanted_errors):
    if status != wanted_status:
        return f'ended with {status}, not {wanted_status}'
    if wanted_errors is None and errors:
        return 'printed errors'
    if wanted_errors is not None and wanted_errors not in errors:
        return f'did not print "{wanted_errors}"'
    for word in ('CRITICAL', 'WARNING', 'Fatal', 'Exception ignored'):
        if word in errors:
            return f'printed "{word}"'
    return None


def interpreter(script):
    # a network namespace of its own, which a script of Python makes itself
    return ('unshare', '--net', 'gjs', '--module') if script.endswith('.js') else (sys.executable,)


def run_once(script, name, wanted_status, wanted_errors):
    """Returns what is wrong, or None."""
    with tempfile.TemporaryDirectory() as folder, \
            tempfile.TemporaryFile(mode='w+', encoding='utf-8', errors='replace') as log:
        environment = dict(os.environ, DPDK_TEST_FOLDER=folder, PYTHONDONTWRITEBYTECODE='1')
        # what is inherited by a client that outlives the scenario is no pipe to wait for
        process = subprocess.Popen((*interpreter(script), script, name), env=environment,
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            status = process.wait(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = 'a time-out'
        log.seek(0)
        errors = log.read()
        fault = find_fault(status, errors, wanted_status, wanted_errors)
        left = list(find_files(process.pid)) + os.listdir(folder)
        if fault is None and left:
            fault = f'left {left}'
        return None if fault is None else f'{fault}\n{errors}'


def run_scenario(pool, script, name, wanted, n_times):
    faults = list(filter(None, pool.map(lambda _: run_once(script, name, *wanted),
                                        range(n_times))))
    for fault in faults[:3]:
        for line in fault.splitlines()[:60]:
            print(f'# {line}')
    if faults:
        print(f'# {len(faults)} of {n_times} failed')
    return not faults


def main(suite, script, scenarios, n_times):
    names = sys.argv[1:] or list(scenarios)
    n_failed = 0
    print(f'1..{len(names)}', flush=True)
    with concurrent.futures.ThreadPoolExecutor(min(N_PARALLEL, n_times)) as pool:
        for number, name in enumerate(names, 1):
            passed = run_scenario(pool, script, name, scenarios[name], n_times)
            n_failed += not passed
            print(f"{'ok' if passed else 'not ok'} {number} /introspection/{suite}/{name}",
                  flush=True)
    return 1 if n_failed else 0
