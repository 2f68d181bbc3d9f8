/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* a worker that does nothing from the one call, which waits until it does so, to the other */
typedef struct _NetHold NetHold;

NetHold *net_hold_begin (DpdkRuntime *runtime, guint worker);
void net_hold_end (NetHold *self);

G_END_DECLS
