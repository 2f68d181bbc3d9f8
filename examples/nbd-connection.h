/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-request.h"
#include "nbd-service.h"

G_BEGIN_DECLS

/* How much a client may ask for before it has taken the answers. Then it has to wait. */
#define NBD_MAX_OUTSTANDING 64
#define NBD_MAX_COST ((gsize) NBD_MAX_PAYLOAD + 65536)

/* The network side of a client, on the thread of its worker. */
typedef struct _NbdConnection NbdConnection;

gpointer nbd_connection_ref (gpointer self);
void nbd_connection_unref (gpointer self);

void nbd_connection_start (NbdService *service, DpdkTcpConnection *stream);
/* Ends it when it is idle. May be called from any thread. */
void nbd_connection_stop (NbdConnection *self);
/* To be called on a thread of the pool. Takes over the request. */
void nbd_connection_run_request (NbdRequest *request);

G_END_DECLS
