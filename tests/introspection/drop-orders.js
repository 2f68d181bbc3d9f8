// SPDX-License-Identifier: LGPL-2.1-or-later
// Drops everything that a program holds, in the order of the argument, by the collector of GJS. A
// capital letter lets it run at once, a small one some time later.

import Dpdk from 'gi://Dpdk?version=1.0';
import GLib from 'gi://GLib';
import System from 'system';

const CONTENT = new TextEncoder().encode('a packet');
const EAL_ARGS = ['--no-huge', '--no-shconf', '-m', '64'];
const CONFIG = `{
  "dpdk_cores": [0],
  "devices": [{"vdev": "net_ring0", "addresses": ["198.18.0.2/24"]}]
}`;
const DEADLINE_US = 15 * GLib.USEC_PER_SEC;

function assert(condition, what) {
    if (!condition)
        throw new Error(`not so: ${what}`);
}

// in a function of its own, so that no variable stays behind
function makeWorld() {
    const eal = Dpdk.Eal.new(EAL_ARGS);
    const builder = Dpdk.RuntimeBuilder.new();
    builder.set_config(Dpdk.Config.new_from_data(CONFIG, -1));
    builder.set_idle_policy(Dpdk.IdlePolicy.ADAPTIVE);
    const runtime = builder.build();
    const port = runtime.dup_port(0);
    const pool = port.get_mempool();
    const packet = pool.acquire();
    packet.append(CONTENT);
    return new Map([['e', eal], ['r', runtime], ['p', port], ['m', pool], ['k', packet],
        ['b', packet.to_bytes()], ['w', runtime.dup_worker(0)]]);
}

function check(letter, object) {
    if (letter !== 'b')
        return;
    const data = object.toArray();
    assert(data.length === CONTENT.length && data.every((byte, i) => byte === CONTENT[i]),
        'the data of the packet is there');
}

const world = makeWorld();
for (const letter of ARGV[0]) {
    const key = letter.toLowerCase();
    assert(Dpdk.Eal.get_process_state() === Dpdk.EalState.UP, 'the EAL is up');
    check(key, world.get(key));
    world.delete(key);
    if (letter !== key)
        System.gc();
}

const deadline = GLib.get_monotonic_time() + DEADLINE_US;
while (Dpdk.Eal.get_process_state() !== Dpdk.EalState.DEAD) {
    assert(GLib.get_monotonic_time() < deadline, 'the EAL has ended');
    System.gc();
    GLib.usleep(1000);
}
