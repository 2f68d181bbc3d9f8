/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-dns-query-private.h"

G_BEGIN_DECLS

/* what a GResolver is asked for, by one or two queries; each ends @task, once, and at once if it is
   cancelled */

/* gives a list of GInetAddress, those that can be reached first */
void dpdk_dns_lookup_addresses (GTask *task, const DpdkDnsSettings *settings, const char *name,
                                GResolverNameLookupFlags flags);
/* gives the name */
void dpdk_dns_lookup_pointer (GTask *task, const DpdkDnsSettings *settings, GInetAddress *address);
/* gives a list of GVariant */
void dpdk_dns_lookup_records (GTask *task, const DpdkDnsSettings *settings, const char *name,
                              GResolverRecordType type);

G_END_DECLS
