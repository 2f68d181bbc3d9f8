/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "port-fixture.h"

G_BEGIN_DECLS

/* In another process: a DPDK of its own with a port that is opened and closed when it is told to, and
   sends and receives all the while. */
void port_peer_serve (const char *devargs, guint n_times);

/* In the test: @name was given to dpdk_test_add_process(). DPDK starts meanwhile. */
DpdkTestProcess *port_peer_spawn (const char *name);
void port_peer_open (DpdkTestProcess *peer);
/* does not wait */
void port_peer_close (DpdkTestProcess *peer);
/* each drops the reference, which must be the last one; the other process closes its port before its
   end if it is not killed */
void port_peer_end (DpdkTestProcess *peer);
void port_peer_kill (DpdkTestProcess *peer);

G_END_DECLS
