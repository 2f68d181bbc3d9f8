#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs programs of a language that drop what they hold in many orders: test-orders.py python|gjs"""

import itertools
import os
import random
import sys

import runner

N_ORDERS = 720 if os.environ.get('DPDK_TEST_LONG') == '1' else 24
# EAL, runtime, mempool, port, packet, its bytes, worker; a registered thread, which GJS cannot have
PROGRAMS = {'python': ('drop-orders.py', 'ermpkbwt'), 'gjs': ('drop-orders.js', 'ermpkbw')}


def choose_orders(objects):
    """Each object is the last one equally often; where the collector runs is left to chance."""
    seed = int(os.environ.get('DPDK_TEST_SEED', random.randrange(1 << 32)))
    print(f'# DPDK_TEST_SEED={seed}')
    source = random.Random(seed)
    orders = list(itertools.permutations(objects))
    source.shuffle(orders)
    by_last = {last: [o for o in orders if o[-1] == last] for last in objects}
    chosen = itertools.chain.from_iterable(zip(*by_last.values()))
    for order in itertools.islice(chosen, N_ORDERS):
        yield ''.join(source.choice((letter, letter.upper())) for letter in order)


if __name__ == '__main__':
    language = sys.argv.pop(1)
    program, objects = PROGRAMS[language]
    sys.exit(runner.main(f'orders/{language}',
                         os.path.join(os.path.dirname(__file__), program),
                         {order: (0, None) for order in choose_orders(objects)}, 1))
