/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-dns-message-private.h"

G_BEGIN_DECLS

/* one question to one name server, over UDP or TCP (RFC 7766), from a main context */
typedef struct _DpdkDnsExchange DpdkDnsExchange;

/* called once; @answer is related to the question, or there is an error */
typedef void (*DpdkDnsExchangeFunc) (GBytes *answer, const GError *error, gpointer user_data);

DpdkDnsExchange *dpdk_dns_exchange_new (DpdkRuntime *runtime, GSocketAddress *server,
                                        GBytes *question, gboolean over_tcp, guint timeout_ms,
                                        GMainContext *context, DpdkDnsExchangeFunc func,
                                        gpointer user_data, GError **error);
/* leaves nothing behind; may be called by the function */
void dpdk_dns_exchange_free (DpdkDnsExchange *self);

G_END_DECLS
