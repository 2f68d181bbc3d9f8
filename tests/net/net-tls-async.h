/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

#define NET_TLS_ASYNC_SIZE 20000

/* an end of a TLS connection in a main loop: it writes, reads the same from its peer, and closes */
typedef struct {
  GIOStream *stream;
  guint8 buffer[16384];
  gsize done;
  /* which another thread may look at */
  gint is_over;
} NetTlsAsync;

/* with a handshake first, or with data, and the handshake on the way */
void net_tls_async_start (NetTlsAsync *self, GIOStream *stream, gboolean begins_with_handshake);
/* of each step of any of them it is waited for the next one */
void net_tls_async_wait_all (const NetTlsAsync *ends, guint n);
/* the most of this process: each connection has a descriptor of a main context at each end */
void net_tls_async_allow_descriptors (void);

G_END_DECLS
