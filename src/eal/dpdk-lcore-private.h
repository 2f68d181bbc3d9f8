/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"
#include "dpdk-thread-local-private.h"

#include <rte_lcore.h>

G_BEGIN_DECLS

#define DPDK_LCORE_ROLE_BIT(role) (1u << (role))
/* others wait for the end of these threads, so they must not wait for others */
#define DPDK_LCORE_ROLES_AWAITED                                                                   \
  (DPDK_LCORE_ROLE_BIT (DPDK_LCORE_ROLE_WORKER) | DPDK_LCORE_ROLE_BIT (DPDK_LCORE_ROLE_SERVICE))
/* these have caches of mempools to themselves */
#define DPDK_LCORE_ROLES_WITH_CACHE                                                                \
  (DPDK_LCORE_ROLE_BIT (DPDK_LCORE_ROLE_MAIN) | DPDK_LCORE_ROLE_BIT (DPDK_LCORE_ROLE_WORKER) |     \
   DPDK_LCORE_ROLE_BIT (DPDK_LCORE_ROLE_REGISTERED) |                                              \
   DPDK_LCORE_ROLE_BIT (DPDK_LCORE_ROLE_SERVICE))

/* the handle of the calling thread, for checks on the packet path; NULL if it has none */
extern DPDK_THREAD_LOCAL DpdkLcore *dpdk_lcore_current;
/* its number; LCORE_ID_ANY if there is no handle, though DPDK may know the thread all the same */
extern DPDK_THREAD_LOCAL unsigned int dpdk_lcore_current_id;

/* rte_lcore_id(), without a call where the library knows the answer */
static inline unsigned int
dpdk_lcore_get_current_id (void)
{
  return G_LIKELY (dpdk_lcore_current_id != LCORE_ID_ANY) ? dpdk_lcore_current_id : rte_lcore_id ();
}

static inline gboolean
dpdk_lcore_is_current (DpdkLcore *self)
{
  return G_LIKELY (self != NULL && self == dpdk_lcore_current);
}

/* refuses @call, which waits for another thread, with DPDK_ERROR_WOULD_DEADLOCK where others may be
   waiting for the calling one; @instead is what to use there, or NULL */
gboolean dpdk_lcore_check_may_wait (const char *call, const char *instead, GError **error);
/* refuses @call with DPDK_ERROR_WRONG_ROLE unless @self is the handle of the calling thread */
gboolean dpdk_lcore_check_current (DpdkLcore *self, const char *call, GError **error);

/* the main lcore, which DPDK registers by itself */
void dpdk_lcore_enter_main (void);
/* makes the calling thread the lcore of a worker; whoever starts it holds the EAL until its end. The
   role stays until the thread ends, even without success */
gboolean dpdk_lcore_enter_worker (GError **error);
/* gives back what mempools keep for the calling thread, and its number; does nothing without one */
void dpdk_lcore_leave (void);
void dpdk_lcore_before_fork (void);
void dpdk_lcore_after_fork (void);
/* in a child made by fork(), on its only thread */
void dpdk_lcore_forget (void);

G_END_DECLS
