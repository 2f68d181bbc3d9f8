/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* a resolver of an application: it knows what it is told, takes its time, even when it is cancelled,
   and never answers what it has not been told */
#define NET_TYPE_MOCK_RESOLVER (net_mock_resolver_get_type ())
G_DECLARE_DERIVABLE_TYPE (NetMockResolver, net_mock_resolver, NET, MOCK_RESOLVER, GResolver)

struct _NetMockResolverClass {
  GResolverClass parent_class;
};

NetMockResolver *net_mock_resolver_new (void);
/* one that cannot be asked for a family */
NetMockResolver *net_mock_resolver_new_old (void);
/* @address: NULL if there is none of @family */
void net_mock_resolver_add (NetMockResolver *self, const char *name, GSocketFamily family,
                            const char *address, guint delay_ms);
guint net_mock_resolver_get_n_pending (NetMockResolver *self);

G_END_DECLS
