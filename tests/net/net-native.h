/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* one end of a connection that sends back what comes, by the functions that its worker calls: they are
   given this, or what begins with it */
typedef struct {
  /* what came and was not written back yet */
  GByteArray *pending;
  /* the peer has closed, and so have we */
  gint has_ended;
} NetNativeEcho;

void net_native_read_echo (DpdkTcpSocket *socket, gpointer user_data);
void net_native_flush_echo (DpdkTcpSocket *socket, gpointer user_data);

G_END_DECLS
