/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* the addresses that a GSocketConnectable stands for, as they become known */
typedef struct _DpdkAddressSearch DpdkAddressSearch;

/* @addresses: (element-type GSocketAddress): what is new, which belongs to the caller, or NULL.
   When @is_over, nothing more comes, because of @error or because that was all. */
typedef void (*DpdkAddressSearchFunc) (GList *addresses, const GError *error, gboolean is_over,
                                       gpointer user_data);

/* @family: G_SOCKET_FAMILY_INVALID for both. The function is called from the thread's default main
   context, but not by these functions */
DpdkAddressSearch *dpdk_address_search_new (GSocketConnectable *connectable, GResolver *resolver,
                                            GSocketFamily family, DpdkAddressSearchFunc func,
                                            gpointer user_data);
/* looks for more, unless it does already */
void dpdk_address_search_want (DpdkAddressSearch *self);
/* the function is not called any more */
void dpdk_address_search_end (DpdkAddressSearch *self);
/* sets @is_gone when the resolver, which may take its time, has answered, and nothing is left */
void dpdk_address_search_watch (DpdkAddressSearch *self, gboolean *is_gone);

G_END_DECLS
