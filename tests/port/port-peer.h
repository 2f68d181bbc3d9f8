/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "port-fixture.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* a second process with a DPDK of its own, made of the same program. It opens one port and then does
   what it is told, a line at a time:
     open, close     the port, which is open and started at first
     send N          N frames; says how many were accepted
     receive N       N frames at least, but not for ever; says how many there were
     flood           sends and receives for ever
     quit
   and says "ok" and a number when it has. */
typedef struct _PortPeer PortPeer;

/* for main(): runs the peer and does not come back if this process shall be one */
void port_peer_run_if_asked (int argc, char **argv);

PortPeer *port_peer_new (const char *devargs);
guint64 port_peer_tell (PortPeer *self, const char *command);
/* for a command that does not end */
void port_peer_begin (PortPeer *self, const char *command);
void port_peer_kill (PortPeer *self);
void port_peer_free (PortPeer *self);

G_END_DECLS
