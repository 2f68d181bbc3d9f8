/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include "graph-shim.h"

#include <string.h>

/* drops on the thread of a worker that is busy with them, even after the runtime was dropped */
typedef struct {
  GMutex lock;
  GCond changed;
  World *world;
  guint seed;
  /* what to drop next, or 0 */
  char what;
  gboolean is_in;
  gboolean is_last;
} Agent;

typedef struct {
  World *world;
  char what;
  guint seed;
} Drop;

static const guint8 content[] = "a packet";

static void
drop (World *world, char what, guint seed)
{
  const guint8 *data;
  gsize length;

  graph_event ("drop %c", what);
  switch (what)
    {
    case 'E':
      g_clear_object (&world->eal);
      break;
    case 'M':
      g_clear_object (&world->mempool);
      break;
    case 'P':
      g_clear_object (&world->port);
      break;
    case 'K':
      /* whatever was dropped before, the packet is still there */
      data = dpdk_packet_get_data (world->packet, &length);
      g_assert_cmpmem (data, length, content, sizeof content);
      g_clear_pointer (&world->packet, dpdk_packet_unref);
      break;
    case 'B':
      data = g_bytes_get_data (world->bytes, &length);
      g_assert_cmpmem (data, length, content, sizeof content);
      g_clear_pointer (&world->bytes, g_bytes_unref);
      break;
    case 'T':
      registrant_free (g_steal_pointer (&world->registrant), seed % REGISTRANT_N_ENDS);
      break;
    case 'R':
      g_clear_object (&world->runtime);
      break;
    case 'S':
      world_drop_sockets (world, seed);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
run_drop (gpointer data)
{
  Drop *job = data;

  drop (job->world, job->what, job->seed);
}

static gpointer
fresh_thread (gpointer data)
{
  run_drop (data);
  return NULL;
}

/* on the registered thread of the world, or on another one if that is gone or is to go */
static void
drop_registered (Drop *job)
{
  Registrant *registrant = job->what != 'T' ? job->world->registrant : NULL;

  if (registrant != NULL)
    {
      registrant_call (registrant, run_drop, job);
      return;
    }
  registrant = registrant_new ();
  registrant_call (registrant, run_drop, job);
  registrant_free (registrant, job->seed / 4 % REGISTRANT_N_ENDS);
}

static void
agent_main (DpdkWorker *worker, gpointer data)
{
  Agent *agent = data;

  g_mutex_lock (&agent->lock);
  agent->is_in = TRUE;
  g_cond_broadcast (&agent->changed);
  while (TRUE)
    {
      while (agent->what == 0)
        g_cond_wait (&agent->changed, &agent->lock);
      g_mutex_unlock (&agent->lock);
      drop (agent->world, agent->what, agent->seed);
      g_mutex_lock (&agent->lock);
      agent->what = 0;
      g_cond_broadcast (&agent->changed);
      if (agent->is_last)
        break;
    }
  agent->is_in = FALSE;
  g_mutex_unlock (&agent->lock);
}

/* returns when the worker has entered, because it takes nothing new after the runtime's drop */
static void
agent_enter (Agent *agent)
{
  DpdkRuntime *runtime = agent->world->runtime;
  g_autoptr (DpdkWorker) worker =
      dpdk_runtime_dup_worker (runtime, agent->seed % dpdk_runtime_get_n_workers (runtime));
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, agent_main, agent, NULL, &error);
  g_assert_no_error (error);
  g_mutex_lock (&agent->lock);
  while (!agent->is_in)
    g_cond_wait (&agent->changed, &agent->lock);
  g_mutex_unlock (&agent->lock);
}

static void
agent_drop (Agent *agent, char what, gboolean is_last)
{
  if (!agent->is_in)
    agent_enter (agent);
  g_mutex_lock (&agent->lock);
  agent->is_last = is_last;
  agent->what = what;
  g_cond_broadcast (&agent->changed);
  while (agent->what != 0)
    g_cond_wait (&agent->changed, &agent->lock);
  g_mutex_unlock (&agent->lock);
}

/* whether the worker has to stay for a drop that comes after the one at @index */
static gboolean
agent_is_needed (const ChildOptions *options, gsize index)
{
  const char *runtime = strchr (options->order, 'R');

  if (strchr (options->threads + index + 1, 'w') == NULL)
    return FALSE;
  /* with an odd seed it stays from the first to the last, else it comes when it must */
  return options->world.seed % 2 == 1 || options->order + index + 1 >= runtime;
}

static void
drop_in_order (World *world, const ChildOptions *options)
{
  /* the worker may still be about to unlock it when this function returns */
  static Agent agent;

  agent.world = world;
  agent.seed = options->world.seed;
  for (gsize i = 0; options->order[i] != '\0'; i++)
    {
      char what = options->order[i];
      Drop job = { world, what, options->world.seed };
      gboolean stays = agent_is_needed (options, i);

      if (what == 'R' && stays && !agent.is_in)
        agent_enter (&agent);
      if (options->threads[i] == 'w')
        agent_drop (&agent, what, !stays);
      else if (options->threads[i] == 'f')
        g_thread_join (g_thread_new ("fresh", fresh_thread, &job));
      else if (options->threads[i] == 'r')
        drop_registered (&job);
      else
        drop (world, what, options->world.seed);
    }
}

static int
run_order (World *world, const ChildOptions *options)
{
  const guint seed = options->world.seed;

  g_assert_nonnull (options->order);
  g_assert_nonnull (options->threads);
  g_assert_cmpuint (strlen (options->order), ==, strlen (options->threads));
  world_open (world, &options->world);
  if (strchr (options->order, 'B') != NULL)
    world->bytes = dpdk_packet_to_bytes (world->packet);
  if (strchr (options->order, 'T') != NULL)
    world->registrant = registrant_new ();
  if (strchr (options->order, 'S') != NULL)
    {
      world_connect (world, &options->world);
      world_exchange (world, 1 + seed % 5000);
      if (seed / 32 % 2 == 1)
        /* the peer is gone before, and the connection half-closed */
        g_clear_object (&world->peer);
    }
  drop_in_order (world, options);
  /* else the process ends while all of it is ending */
  if (seed / 64 % 2 == 1)
    g_assert_true (world_wait_dead (WORLD_PATIENCE_S));
  return 0;
}

const Scenario orders_scenarios[] = {
  { "order", run_order },
  { NULL, NULL },
};
