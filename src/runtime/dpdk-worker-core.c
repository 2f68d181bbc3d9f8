/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-worker-core-internal.h"

#include "dpdk-owner-private.h"
#include "dpdk-thread-local-private.h"

DpdkWorkerTask dpdk_worker_tasks_closed;

DPDK_THREAD_LOCAL DpdkWorkerCore *dpdk_worker_core_current;

DpdkWorkerShared *
dpdk_worker_shared_new (guint n_workers, const DpdkStackTcpOptions *tcp_options,
                        guint max_time_wait, guint64 memory_budget)
{
  DpdkWorkerShared *self = g_new0 (DpdkWorkerShared, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->n_workers = n_workers;
  self->tcp_options = *tcp_options;
  self->max_time_wait = max_time_wait;
  self->memory_budget = memory_budget;
  self->cores = g_new0 (DpdkWorkerCore *, n_workers);
  self->port_owners = dpdk_port_owners_new ();
  self->udp_ports = dpdk_stack_udp_ports_new ();
  return self;
}

DpdkWorkerShared *
dpdk_worker_shared_ref (DpdkWorkerShared *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dpdk_worker_shared_unref (DpdkWorkerShared *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->cores);
  dpdk_port_owners_free (self->port_owners);
  dpdk_stack_udp_ports_free (self->udp_ports);
  g_free (self);
}

static void
shared_enter (DpdkWorkerShared *self, DpdkWorkerCore *core)
{
  g_atomic_int_inc (&self->n_running);
  g_atomic_pointer_set (&self->cores[core->index], dpdk_worker_core_ref (core));
}

/* the last one to leave switches off the light: until then anyone may forward to anyone */
void
dpdk_worker_shared_leave (DpdkWorkerShared *self)
{
  if (!g_atomic_int_dec_and_test (&self->n_running))
    return;
  for (guint i = 0; i < self->n_workers; i++)
    if (self->cores[i] != NULL)
      dpdk_worker_core_unref (g_steal_pointer (&self->cores[i]));
}

DpdkWorkerCore *
dpdk_worker_core_ref (DpdkWorkerCore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dpdk_worker_core_unref (DpdkWorkerCore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->state != THREAD_RUNNING);
  g_clear_pointer (&self->thread, g_thread_unref);
  dpdk_worker_core_detach_ports (self);
  g_free (self->port_states);
  g_clear_pointer (&self->ports, g_ptr_array_unref);
  dpdk_worker_poller_free (self->poller);
  dpdk_worker_shared_unref (self->shared);
  dpdk_stack_budget_unref (self->budget);
  dpdk_pool_free (self->pool);
  g_weak_ref_clear (&self->worker);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

DpdkWorkerCore *
dpdk_worker_core_get_current (void)
{
  return dpdk_worker_core_current;
}

gboolean
dpdk_worker_core_is_current (DpdkWorkerCore *self)
{
  return dpdk_worker_core_current == self;
}

static void
wake (DpdkWorkerCore *self)
{
  if (g_atomic_int_compare_and_exchange (&self->sleeping, TRUE, FALSE))
    dpdk_worker_poller_wake (self->poller);
}

/* FALSE if the worker has ended; then the task was not taken */
gboolean
dpdk_worker_core_post (DpdkWorkerCore *self, DpdkWorkerTask *task)
{
  DpdkWorkerTask *head;

  do
    {
      head = g_atomic_pointer_get (&self->tasks);
      if (head == &dpdk_worker_tasks_closed)
        return FALSE;
      task->next = head;
    }
  while (!g_atomic_pointer_compare_and_exchange (&self->tasks, head, task));
  if (dpdk_worker_core_current != self)
    wake (self);
  return TRUE;
}

gboolean
dpdk_worker_core_look_later (DpdkWorkerCore *self, const DpdkClosableFuncs *funcs,
                             DpdkClosable *closable, gboolean is_added)
{
  if (g_atomic_pointer_get (&self->tasks) == &dpdk_worker_tasks_closed)
    return FALSE;
  if (is_added)
    dpdk_worker_core_remove_closable (self, closable);
  self->look_funcs = funcs;
  if (self->last_look == NULL)
    LIST_INSERT_HEAD (&self->looks, closable, link);
  else
    LIST_INSERT_AFTER (self->last_look, closable, link);
  self->last_look = closable;
  return TRUE;
}

void
dpdk_worker_core_expedite (DpdkWorkerCore *self)
{
  self->next_context = 0;
}

static guint
run_list (DpdkWorkerTask *task)
{
  guint n = 0;

  for (DpdkWorkerTask *next; task != NULL; task = next, n++)
    {
      next = task->next;
      task->run (task);
    }
  return n;
}

/* those that are there now, not those that come meanwhile */
static guint
look_at_all (DpdkWorkerCore *self)
{
  DpdkClosable *last = self->last_look, *closable;
  guint n = 0;

  if (last == NULL)
    return 0;
  do
    {
      closable = LIST_FIRST (&self->looks);
      LIST_REMOVE (closable, link);
      if (closable == self->last_look)
        self->last_look = NULL;
      self->look_funcs->look (closable);
      n++;
    }
  while (closable != last);
  return n;
}

guint
dpdk_worker_core_run_tasks (DpdkWorkerCore *self, DpdkWorkerTask *replacement)
{
  DpdkWorkerTask *task = NULL, *next;

  if (replacement == NULL && g_atomic_pointer_get (&self->tasks) == NULL)
    return look_at_all (self);
  /* the list has the newest in front */
  for (DpdkWorkerTask *newest = g_atomic_pointer_exchange (&self->tasks, replacement);
       newest != NULL; newest = next)
    {
      next = newest->next;
      newest->next = task;
      task = newest;
    }
  return run_list (task) + look_at_all (self);
}

typedef struct {
  DpdkWorkerTask task;
  void (*func) (gpointer data);
  gpointer data;
  GMutex lock;
  GCond done;
  gboolean is_done;
} Call;

static void
run_call (DpdkWorkerTask *task)
{
  Call *call = (Call *) task;

  call->func (call->data);
  g_mutex_lock (&call->lock);
  call->is_done = TRUE;
  g_cond_signal (&call->done);
  g_mutex_unlock (&call->lock);
}

/* runs @func on the thread of the worker and waits for its end; not for functions that wait */
gboolean
dpdk_worker_core_call (DpdkWorkerCore *self, void (*func) (gpointer data), gpointer data,
                       GError **error)
{
  Call call = { .task.run = run_call, .func = func, .data = data };

  if (dpdk_worker_core_current == self)
    {
      func (data);
      return TRUE;
    }
  if (dpdk_worker_core_current != NULL)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER,
                   "The object belongs to worker %u, but worker %u called it", self->index,
                   dpdk_worker_core_current->index);
      return FALSE;
    }
  if (dpdk_eal_is_inert ())
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                   "Worker %u belongs to the parent of this process, or the process ends",
                   self->index);
      return FALSE;
    }
  g_mutex_init (&call.lock);
  g_cond_init (&call.done);
  if (dpdk_worker_core_post (self, &call.task))
    {
      g_mutex_lock (&call.lock);
      while (!call.is_done)
        g_cond_wait (&call.done, &call.lock);
      g_mutex_unlock (&call.lock);
    }
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Worker %u has ended", self->index);
  g_mutex_clear (&call.lock);
  g_cond_clear (&call.done);
  return call.is_done;
}

void
dpdk_worker_core_set_state (DpdkWorkerCore *self, ThreadState state)
{
  g_mutex_lock (&self->lock);
  self->state = state;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static DpdkWorkerCore *
core_from_stoppable (DpdkStoppable *stoppable)
{
  return (DpdkWorkerCore *) stoppable;
}

static void
stoppable_ref (DpdkStoppable *stoppable)
{
  dpdk_worker_core_ref (core_from_stoppable (stoppable));
}

static void
stoppable_unref (DpdkStoppable *stoppable)
{
  dpdk_worker_core_unref (core_from_stoppable (stoppable));
}

static void
stoppable_request_stop (DpdkStoppable *stoppable)
{
  dpdk_worker_core_request_stop (core_from_stoppable (stoppable));
}

/* at the end of the process */
static gboolean
stoppable_wait_stopped (DpdkStoppable *stoppable, gint64 deadline)
{
  DpdkWorkerCore *self = core_from_stoppable (stoppable);
  gboolean in_time = TRUE;

  if (dpdk_worker_core_current == self)
    {
      dpdk_worker_core_set_state (self, THREAD_EXITING);
      return TRUE;
    }
  g_mutex_lock (&self->lock);
  while (in_time && self->state != THREAD_STOPPED && self->state != THREAD_EXITING)
    in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
  g_mutex_unlock (&self->lock);
  return in_time;
}

/* @ports: (element-type DpdkWorkerPort) */
DpdkWorkerCore *
dpdk_worker_core_new (DpdkWorkerShared *shared, guint index, guint cpu, DpdkIdlePolicy idle_policy,
                      GPtrArray *ports)
{
  DpdkWorkerCore *self = g_new0 (DpdkWorkerCore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->stoppable.ref = stoppable_ref;
  self->stoppable.unref = stoppable_unref;
  self->stoppable.request_stop = stoppable_request_stop;
  self->stoppable.wait_stopped = stoppable_wait_stopped;
  self->index = index;
  self->cpu = cpu;
  self->idle_policy = idle_policy;
  self->devices_wake = TRUE;
  self->ports = g_ptr_array_ref (ports);
  self->port_states = g_new0 (DpdkWorkerPortState, ports->len);
  for (guint i = 0; i < ports->len; i++)
    {
      dpdk_port_attach_worker (((DpdkWorkerPort *) ports->pdata[i])->port);
      self->port_states[i] = (DpdkWorkerPortState){ .is_attached = TRUE, .fd = -1 };
    }
  self->shared = dpdk_worker_shared_ref (shared);
  self->budget = dpdk_stack_budget_new (shared->memory_budget, shared->n_workers);
  self->pool = dpdk_pool_new (DPDK_WORKER_PIECE_SIZE);
  self->poller = dpdk_worker_poller_new ();
  LIST_INIT (&self->looks);
  for (guint i = 0; i < DPDK_WORKER_N_KINDS; i++)
    LIST_INIT (&self->kinds[i].all);
  g_weak_ref_init (&self->worker, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

void
dpdk_worker_core_set_worker (DpdkWorkerCore *self, DpdkWorker *worker)
{
  g_weak_ref_set (&self->worker, worker);
}

DpdkWorker *
dpdk_worker_core_dup_worker (DpdkWorkerCore *self)
{
  return g_weak_ref_get (&self->worker);
}

gboolean
dpdk_worker_core_start (DpdkWorkerCore *self, GError **error)
{
  g_autofree char *name = g_strdup_printf ("dpdk-worker-%u", self->index);
  gboolean is_running;

  self->state = THREAD_STARTING;
  dpdk_eal_add_stoppable (&self->stoppable);
  shared_enter (self->shared, self);
  /* the thread holds the core until its end */
  self->thread =
      g_thread_try_new (name, dpdk_worker_thread_main, dpdk_worker_core_ref (self), error);
  if (self->thread == NULL)
    {
      self->state = THREAD_STOPPED;
      dpdk_worker_shared_leave (self->shared);
      dpdk_eal_remove_stoppable (&self->stoppable);
      dpdk_worker_core_unref (self);
      return FALSE;
    }
  g_mutex_lock (&self->lock);
  while (self->state == THREAD_STARTING)
    g_cond_wait (&self->changed, &self->lock);
  is_running = self->error == NULL;
  g_mutex_unlock (&self->lock);
  if (!is_running)
    g_propagate_error (error, g_error_copy (self->error));
  return is_running;
}

void
dpdk_worker_core_request_stop (DpdkWorkerCore *self)
{
  g_atomic_int_set (&self->quit, TRUE);
  wake (self);
}

/* waits for the end of the thread; FALSE if it is in exit () and will never end */
gboolean
dpdk_worker_core_join (DpdkWorkerCore *self)
{
  gboolean is_stopped;

  g_mutex_lock (&self->lock);
  while (self->state == THREAD_STARTING || self->state == THREAD_RUNNING)
    g_cond_wait (&self->changed, &self->lock);
  is_stopped = self->state != THREAD_EXITING;
  g_mutex_unlock (&self->lock);
  if (is_stopped && self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
  return is_stopped;
}

gboolean
dpdk_worker_core_is_running (DpdkWorkerCore *self)
{
  gboolean is_running;

  g_mutex_lock (&self->lock);
  is_running = self->state == THREAD_RUNNING && !g_atomic_int_get (&self->quit);
  g_mutex_unlock (&self->lock);
  return is_running;
}

guint
dpdk_worker_core_get_index (DpdkWorkerCore *self)
{
  return self->index;
}

guint
dpdk_worker_core_get_cpu (DpdkWorkerCore *self)
{
  return self->cpu;
}

DpdkIdlePolicy
dpdk_worker_core_get_idle_policy (DpdkWorkerCore *self)
{
  return self->idle_policy;
}

GMainContext *
dpdk_worker_core_get_main_context (DpdkWorkerCore *self)
{
  return dpdk_worker_poller_get_context (self->poller);
}

DpdkStack *
dpdk_worker_core_get_stack (DpdkWorkerCore *self)
{
  return self->stack;
}

DpdkWorkerShared *
dpdk_worker_core_get_shared (DpdkWorkerCore *self)
{
  return self->shared;
}

gpointer
dpdk_worker_core_allocate_piece (DpdkWorkerCore *self)
{
  return dpdk_pool_allocate (self->pool);
}

void
dpdk_worker_core_release_piece (DpdkWorkerCore *self, gpointer piece)
{
  dpdk_pool_release (self->pool, piece);
}

DpdkStackBudget *
dpdk_worker_core_get_budget (DpdkWorkerCore *self)
{
  return self->budget;
}

void
dpdk_worker_core_get_statistics (DpdkWorkerCore *self, DpdkWorkerStatistics *statistics)
{
  DpdkStackStatistics stack;

  /* the lock keeps the stack from going away, not the counters from counting */
  g_mutex_lock (&self->lock);
  if (self->stack != NULL)
    {
      dpdk_stack_get_statistics (self->stack, &stack);
      *statistics = (DpdkWorkerStatistics){
        .rx_packets = stack.rx_packets,
        .tx_packets = stack.tx_packets,
        .rx_dropped = stack.rx_dropped,
        .rx_malformed = stack.rx_malformed,
        .tx_dropped = stack.tx_dropped,
      };
    }
  else
    *statistics = self->last_statistics;
  g_mutex_unlock (&self->lock);
}

void
dpdk_worker_core_get_stack_counters (DpdkWorkerCore *self, DpdkStackCounters *counters)
{
  /* as above */
  g_mutex_lock (&self->lock);
  if (self->stack != NULL)
    dpdk_stack_get_counters (self->stack, counters);
  else
    {
      *counters = self->last_counters;
      /* what was read in place may be there still */
      counters->values[DPDK_STACK_COUNTER_MEMORY_USED] = dpdk_stack_budget_get_used (self->budget);
    }
  g_mutex_unlock (&self->lock);
}

static DpdkWorkerKind *
find_kind (DpdkWorkerCore *self, const DpdkClosableFuncs *funcs)
{
  DpdkWorkerKind *kind = self->kinds;

  while (kind->funcs != funcs && kind->funcs != NULL)
    {
      kind++;
      g_assert (kind < self->kinds + DPDK_WORKER_N_KINDS);
    }
  kind->funcs = funcs;
  return kind;
}

void
dpdk_worker_core_add_closable (DpdkWorkerCore *self, const DpdkClosableFuncs *funcs,
                               DpdkClosable *closable)
{
  g_assert (dpdk_worker_core_current == self);
  LIST_INSERT_HEAD (&find_kind (self, funcs)->all, closable, link);
}

void
dpdk_worker_core_remove_closable (DpdkWorkerCore *self, DpdkClosable *closable)
{
  g_assert (dpdk_worker_core_current == self);
  if (self->next_closable == closable)
    self->next_closable = LIST_NEXT (closable, link);
  LIST_REMOVE (closable, link);
}

void
dpdk_worker_core_begin_closables (DpdkWorkerCore *self)
{
  /* so that all are among those of their kind */
  look_at_all (self);
  self->next_kind = 0;
  self->next_closable = LIST_FIRST (&self->kinds[0].all);
}

DpdkClosable *
dpdk_worker_core_next_closable (DpdkWorkerCore *self, const DpdkClosableFuncs **funcs)
{
  DpdkClosable *closable;

  while (self->next_closable == NULL && self->next_kind + 1 < DPDK_WORKER_N_KINDS)
    self->next_closable = LIST_FIRST (&self->kinds[++self->next_kind].all);
  closable = self->next_closable;
  if (closable == NULL)
    return NULL;
  self->next_closable = LIST_NEXT (closable, link);
  *funcs = self->kinds[self->next_kind].funcs;
  return closable;
}
