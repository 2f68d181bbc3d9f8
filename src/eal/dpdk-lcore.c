/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-lcore-private.h"

#include "dpdk-eal-private.h"
#include "dpdk-edge-private.h"
#include "dpdk-error-private.h"
#include "dpdk-mempool-private.h"

#include <pthread.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_service.h>
#include <unistd.h>

/**
 * DpdkLcore:
 *
 * The registration of a thread as an lcore, one of the numbered threads that DPDK knows.
 *
 * Any thread may use the library. One that is registered has a cache of its own in each
 * [class@Dpdk.Mempool], so that it takes and gives back packets without contention. Functions that
 * are only for such threads take a handle, which exists nowhere else: [class@Dpdk.Worker] threads
 * have one by themselves, other threads get one from [func@Dpdk.Lcore.register]. DPDK has
 * `RTE_MAX_LCORE` numbers, one of which is that of the main lcore; 127 are left with the usual build.
 *
 * A thread is unregistered by [method@Dpdk.Lcore.unregister], when the last reference on its handle
 * is dropped, and when it ends, whichever is first. Where another thread unregisters it or drops the
 * last reference, it happens when the registered thread next calls a function of this type, or ends:
 * only the thread itself can empty its caches. Until then the registration holds the
 * [class@Dpdk.Eal].
 *
 * In a child made by fork() no thread is an lcore.
 *
 * ```c
 * static gpointer
 * consume (gpointer data)
 * {
 *   g_autoptr (GError) error = NULL;
 *   g_autoptr (DpdkLcore) lcore = dpdk_lcore_register (eal, &error);
 *
 *   if (lcore == NULL)
 *     g_warning ("%s", error->message);
 *   else
 *     g_message ("lcore %u on NUMA node %d", dpdk_lcore_get_id (lcore),
 *                dpdk_lcore_get_numa_node (lcore));
 *   return NULL;
 * }
 * ```
 *
 * Since: 0.1
 */
struct _DpdkLcore {
  DpdkLcoreRole role;
  guint id;
  int numa_node;
  DpdkEal *eal;
  DpdkDependant *dependant;
  char *name;

  /* set by any thread, acted upon by the one that is registered */
  gint release_wanted;
  /* under the lock; freed when both are 0 */
  guint n_references;
  gboolean is_registered;
};

G_DEFINE_BOXED_TYPE (DpdkLcore, dpdk_lcore, dpdk_lcore_ref, dpdk_lcore_unref)

static void on_thread_exit (gpointer data);

static GMutex lock;
static GPrivate exit_hook = G_PRIVATE_INIT (on_thread_exit);

DPDK_THREAD_LOCAL DpdkLcore *dpdk_lcore_current;
DPDK_THREAD_LOCAL unsigned int dpdk_lcore_current_id = LCORE_ID_ANY;
/* of our own threads; EXTERNAL means that DPDK must be asked */
static DPDK_THREAD_LOCAL DpdkLcoreRole thread_role = DPDK_LCORE_ROLE_EXTERNAL;

static void
lcore_free (DpdkLcore *self)
{
  g_free (self->name);
  g_free (self);
}

static void
flush_cache (struct rte_mempool *pool, void *data)
{
  struct rte_mempool_cache *cache = rte_mempool_default_cache (pool, rte_lcore_id ());

  /* a pool that is being made has no place to put anything */
  if (cache != NULL && cache->len > 0)
    rte_mempool_cache_flush (cache, pool);
}

void
dpdk_lcore_leave (void)
{
  DpdkLcore *self = g_steal_pointer (&dpdk_lcore_current);
  gboolean is_unused;

  if (self == NULL || dpdk_eal_is_inert ())
    return;
  g_private_set (&exit_hook, NULL);
  dpdk_lcore_current_id = LCORE_ID_ANY;
  dpdk_mempool_walk_native (flush_cache, NULL);
  rte_thread_unregister ();

  g_mutex_lock (&lock);
  self->is_registered = FALSE;
  is_unused = self->n_references == 0;
  g_mutex_unlock (&lock);
  /* the thread is no lcore any more: only now may it drop what it holds */
  if (self->eal != NULL)
    dpdk_edge_dropped ("DpdkLcore", self->name, self->eal);
  g_clear_object (&self->eal);
  g_clear_pointer (&self->dependant, dpdk_eal_remove_dependant);
  if (is_unused)
    lcore_free (self);
}

void
dpdk_lcore_before_fork (void)
{
  g_mutex_lock (&lock);
}

void
dpdk_lcore_after_fork (void)
{
  g_mutex_unlock (&lock);
}

void
dpdk_lcore_forget (void)
{
  dpdk_lcore_current = NULL;
  dpdk_lcore_current_id = LCORE_ID_ANY;
  thread_role = DPDK_LCORE_ROLE_EXTERNAL;
}

static void
on_thread_exit (gpointer data)
{
  dpdk_lcore_leave ();
}

/* the handle of the calling thread, unless others have released it */
static DpdkLcore *
get_current (void)
{
  if (dpdk_eal_is_inert ())
    return NULL;
  if (dpdk_lcore_current != NULL && g_atomic_int_get (&dpdk_lcore_current->release_wanted))
    dpdk_lcore_leave ();
  return dpdk_lcore_current;
}

static DpdkLcore *
enter (DpdkLcoreRole role, GError **error)
{
  DpdkLcore *self;

  if (rte_thread_register () != 0)
    {
      int native = rte_errno;

      if (native == ENOMEM)
        dpdk_set_native_error (error, native, NULL,
                               "rte_thread_register: all %u lcores besides the main one are taken",
                               RTE_MAX_LCORE - 1);
      else
        dpdk_set_native_error (error, native, NULL, "rte_thread_register");
      return NULL;
    }
  self = g_new0 (DpdkLcore, 1);
  self->role = role;
  self->id = rte_lcore_id ();
  self->numa_node = (int) rte_socket_id ();
  self->is_registered = TRUE;
  dpdk_lcore_current = self;
  dpdk_lcore_current_id = self->id;
  g_private_set (&exit_hook, self);
  return self;
}

void
dpdk_lcore_enter_main (void)
{
  thread_role = DPDK_LCORE_ROLE_MAIN;
}

gboolean
dpdk_lcore_enter_worker (GError **error)
{
  thread_role = DPDK_LCORE_ROLE_WORKER;
  return enter (DPDK_LCORE_ROLE_WORKER, error) != NULL;
}

static char *
get_thread_name (void)
{
  char name[16] = "";

  pthread_getname_np (pthread_self (), name, sizeof name);
  return g_strdup_printf ("thread %d (%s)", (int) gettid (), name);
}

/**
 * dpdk_lcore_register:
 * @eal: the EAL
 * @error: return location for an error
 *
 * Registers the calling thread with DPDK.
 *
 * The registration holds @eal until its end.
 *
 * Fails with %DPDK_ERROR_EXISTS if the thread is an lcore already, with %DPDK_ERROR_NO_MEMORY if all
 * numbers for lcores are taken, and with %DPDK_ERROR_EAL_DEAD if the EAL is ending.
 *
 * Returns: (transfer full): the handle of the calling thread
 *
 * Since: 0.1
 */
DpdkLcore *
dpdk_lcore_register (DpdkEal *eal, GError **error)
{
  g_autofree char *name = NULL;
  DpdkDependant *dependant;
  DpdkLcore *self;

  g_return_val_if_fail (DPDK_IS_EAL (eal), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  name = get_thread_name ();
  get_current ();
  dependant = dpdk_eal_add_dependant (eal, DPDK_TYPE_LCORE, name, error);
  if (dependant == NULL)
    return NULL;
  if (rte_lcore_id () != LCORE_ID_ANY)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS, "DpdkLcore: %s is lcore %u already", name,
                   rte_lcore_id ());
      dpdk_eal_remove_dependant (dependant);
      return NULL;
    }
  self = enter (DPDK_LCORE_ROLE_REGISTERED, error);
  if (self == NULL)
    {
      g_prefix_error (error, "DpdkLcore: %s: ", name);
      dpdk_eal_remove_dependant (dependant);
      return NULL;
    }
  self->name = g_steal_pointer (&name);
  self->n_references = 1;
  self->dependant = dependant;
  dpdk_edge_made ("DpdkLcore", self->name, eal);
  self->eal = g_object_ref (eal);
  return self;
}

static gboolean
is_of_application (DpdkLcore *self)
{
  return self->role == DPDK_LCORE_ROLE_REGISTERED;
}

/**
 * dpdk_lcore_unregister:
 * @self: an lcore
 * @error: return location for an error
 *
 * Ends the registration of a thread. The packets in its caches go back to their pools, and its
 * number can be used by another thread. The handle stays valid. Does nothing if the thread is not
 * registered any more.
 *
 * May be called from any thread. Where it is not the registered one, that one does it when it next
 * calls a function of this type, or ends.
 *
 * Fails with %DPDK_ERROR_WRONG_ROLE if the thread is that of a worker, which is registered until its
 * end.
 *
 * Returns: %TRUE if the thread was unregistered, or will be
 *
 * Since: 0.1
 */
gboolean
dpdk_lcore_unregister (DpdkLcore *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!is_of_application (self))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_ROLE,
                   "dpdk_lcore_unregister: lcore %u is that of a worker, which needs it until its "
                   "end",
                   self->id);
      return FALSE;
    }
  if (dpdk_lcore_is_current (self))
    dpdk_lcore_leave ();
  else
    g_atomic_int_set (&self->release_wanted, TRUE);
  return TRUE;
}

/**
 * dpdk_lcore_ref:
 * @self: an lcore
 *
 * Adds a reference. May be called from any thread.
 *
 * Returns: (transfer full): the same lcore
 *
 * Since: 0.1
 */
DpdkLcore *
dpdk_lcore_ref (DpdkLcore *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_mutex_lock (&lock);
  self->n_references++;
  g_mutex_unlock (&lock);
  return self;
}

/**
 * dpdk_lcore_unref:
 * @self: (transfer full): an lcore
 *
 * Drops a reference. The last one of a registered thread unregisters it, as
 * [method@Dpdk.Lcore.unregister] does.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_lcore_unref (DpdkLcore *self)
{
  gboolean is_last, is_registered;

  g_return_if_fail (self != NULL);

  g_mutex_lock (&lock);
  is_last = --self->n_references == 0;
  is_registered = self->is_registered;
  /* under the lock, because afterwards the thread may end and free it */
  if (is_last && is_registered && is_of_application (self))
    g_atomic_int_set (&self->release_wanted, TRUE);
  g_mutex_unlock (&lock);
  if (is_last && !is_registered)
    lcore_free (self);
  else if (is_last && dpdk_lcore_is_current (self))
    get_current ();
}

/**
 * dpdk_lcore_get_current:
 *
 * Gets the handle of the calling thread. It is valid until the thread is unregistered.
 *
 * Returns: (transfer none) (nullable): the handle, or %NULL if the thread is neither that of a
 *   worker nor registered with [func@Dpdk.Lcore.register]
 *
 * Since: 0.1
 */
DpdkLcore *
dpdk_lcore_get_current (void)
{
  return get_current ();
}

static DpdkLcoreRole
get_native_role (void)
{
  unsigned int id = rte_lcore_id ();

  if (id == LCORE_ID_ANY)
    return DPDK_LCORE_ROLE_EXTERNAL;
  switch (rte_eal_lcore_role (id))
    {
    case ROLE_SERVICE:
      return DPDK_LCORE_ROLE_SERVICE;
    case ROLE_NON_EAL:
      return DPDK_LCORE_ROLE_REGISTERED;
    case ROLE_RTE:
      return id == rte_get_main_lcore () ? DPDK_LCORE_ROLE_MAIN : DPDK_LCORE_ROLE_WORKER;
    default:
      return DPDK_LCORE_ROLE_EXTERNAL;
    }
}

/**
 * dpdk_lcore_get_role:
 *
 * Gets what the calling thread is to DPDK. May be called from any thread, with or without an EAL.
 *
 * Returns: the role
 *
 * Since: 0.1
 */
DpdkLcoreRole
dpdk_lcore_get_role (void)
{
  if (thread_role != DPDK_LCORE_ROLE_EXTERNAL)
    return thread_role;
  if (dpdk_eal_is_inert ())
    return DPDK_LCORE_ROLE_EXTERNAL;
  get_current ();
  return get_native_role ();
}

/**
 * dpdk_lcore_get_id:
 * @self: an lcore
 *
 * Gets the number that DPDK gave to the thread. It may belong to another thread once this one is
 * not registered any more.
 *
 * May be called from any thread.
 *
 * Returns: the number, from 0
 *
 * Since: 0.1
 */
guint
dpdk_lcore_get_id (DpdkLcore *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->id;
}

/**
 * dpdk_lcore_get_numa_node:
 * @self: an lcore
 *
 * Gets the NUMA node of the CPUs on which the thread was allowed to run when it was registered.
 *
 * May be called from any thread.
 *
 * Returns: the number of the node, or -1 if they are of several
 *
 * Since: 0.1
 */
int
dpdk_lcore_get_numa_node (DpdkLcore *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->numa_node;
}

/**
 * dpdk_lcore_is_registered:
 * @self: an lcore
 *
 * Whether the thread is still registered. May be called from any thread.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_lcore_is_registered (DpdkLcore *self)
{
  gboolean is_registered;

  g_return_val_if_fail (self != NULL, FALSE);

  if (dpdk_lcore_is_current (self))
    get_current ();
  g_mutex_lock (&lock);
  is_registered = self->is_registered;
  g_mutex_unlock (&lock);
  return is_registered;
}

static const char *
role_to_string (DpdkLcoreRole role)
{
  switch (role)
    {
    case DPDK_LCORE_ROLE_MAIN:
      return "the main lcore";
    case DPDK_LCORE_ROLE_WORKER:
      return "the thread of a worker";
    case DPDK_LCORE_ROLE_REGISTERED:
      return "a registered thread";
    case DPDK_LCORE_ROLE_SERVICE:
      return "a service lcore";
    case DPDK_LCORE_ROLE_EXTERNAL:
    default:
      return "a thread that is not registered with DPDK";
    }
}

gboolean
dpdk_lcore_check_may_wait (const char *call, const char *instead, GError **error)
{
  DpdkLcoreRole role = dpdk_lcore_get_role ();

  if (!(DPDK_LCORE_ROLES_AWAITED & DPDK_LCORE_ROLE_BIT (role)))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK,
               "%s: not allowed on %s, because it waits for a thread that may be waiting for this "
               "one; %s%s",
               call, role_to_string (role), instead != NULL ? "use " : "",
               instead != NULL ? instead : "call it from another thread");
  return FALSE;
}

gboolean
dpdk_lcore_check_current (DpdkLcore *self, const char *call, GError **error)
{
  if (dpdk_lcore_is_current (self))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_ROLE,
               "%s: lcore %u is not the calling thread, which is %s", call, self->id,
               role_to_string (dpdk_lcore_get_role ()));
  return FALSE;
}
