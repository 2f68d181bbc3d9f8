/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-dns-message-private.h"

G_BEGIN_DECLS

/* asks the name servers in turn, until one of them knows */
typedef struct _DpdkDnsQuery DpdkDnsQuery;

typedef struct {
  DpdkRuntime *runtime;
  /* (element-type GSocketAddress): at least one */
  GPtrArray *servers;
  /* how often each is asked */
  guint attempts;
  guint timeout_ms;
} DpdkDnsSettings;

/* called once, with @records as dpdk_dns_answer_collect() has them, at least one, or with an error */
typedef void (*DpdkDnsQueryFunc) (GPtrArray *records, const GError *error, gpointer user_data);

DpdkDnsQuery *dpdk_dns_query_new (const DpdkDnsSettings *settings, const char *name, ns_type type,
                                  GMainContext *context, DpdkDnsQueryFunc func, gpointer user_data);
/* leaves nothing behind; may be called by the function */
void dpdk_dns_query_free (DpdkDnsQuery *self);

G_END_DECLS
