#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a benchmark in its smallest form and checks what it prints: no figure is judged here."""

import json
import subprocess
import sys

KEYS = {
    'bench': str,
    'metric': str,
    'value': float,
    'unit': str,
    'baseline': str,
    'baseline_value': float,
    'ratio': float,
}
TIMEOUT = 60


def check_line(line):
    def refuse(constant):
        raise ValueError(f'{constant} is not JSON')

    figure = json.loads(line, parse_constant=refuse, parse_int=float)
    assert list(figure) == list(KEYS), f'keys {list(figure)}'
    for key, kind in KEYS.items():
        assert isinstance(figure[key], kind), f'{key} is {figure[key]!r}'
        assert figure[key], f'{key} is empty or 0'
    assert all(figure[key] > 0 for key, kind in KEYS.items() if kind is float), 'a figure is negative'
    return figure['bench'], figure['metric']


def main():
    name, *command = sys.argv[1:]
    print('1..1')
    try:
        process = subprocess.run(command, stdout=subprocess.PIPE, timeout=TIMEOUT, check=True,
                                 encoding='utf-8')
        metrics = [check_line(line) for line in process.stdout.splitlines()]
        assert metrics, 'no figure'
        assert len(set(metrics)) == len(metrics), 'a metric comes twice'
        assert {bench for bench, _ in metrics} == {name}, f'benches {metrics}'
    except (AssertionError, ValueError, subprocess.SubprocessError) as error:
        print(f'# {error}')
        print(f'not ok 1 /bench/{name}')
        return 1
    print(f'ok 1 /bench/{name}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
