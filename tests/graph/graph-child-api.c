/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include <string.h>

/* the EAL: refused, failed, dead and shut down */

static const char *const no_huge_args[] = { "--no-huge", "-m64", NULL };

static DpdkEal *
new_eal (void)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (no_huge_args, &error);

  g_assert_no_error (error);
  g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_UP);
  return eal;
}

static void
check_dead (const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_eal_new (no_huge_args, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                     "The EAL of this process * cannot be started twice in one process");
  g_assert_null (world_runtime_new (&options->world, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "*cannot be started twice*");
  g_assert_null (dpdk_eal_dup_current ());
}

static int
eal_dead (World *world, const ChildOptions *options)
{
  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_exchange (world, 1000);
  world_drop_all (world, 0);
  g_assert_true (world_wait_dead (WORLD_PATIENCE_S));
  check_dead (options);
  return 0;
}

/* an EAL that is about to end is either there or not; what the first runtime still has open is waited
   for */
static int
reopen (World *world, const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = NULL;

  for (guint i = 0; i < (options->number == 1 ? 20 : 1); i++)
    {
      world_open (world, &options->world);
      world_connect (world, &options->world);
      world_exchange (world, 1000);
      if (options->number == 1)
        g_set_object (&eal, world->eal);
      world_drop_all (world, i);
      world->runtime = world_runtime_new (&options->world, &error);
      if (world->runtime == NULL && options->number == 0)
        {
          child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "*");
          g_assert_true (world_wait_dead (WORLD_PATIENCE_S));
          check_dead (options);
          return 0;
        }
      g_assert_no_error (error);
      g_clear_object (&world->runtime);
    }
  return 0;
}

static int
eal_same (World *world, const ChildOptions *options)
{
  static const char *const others[] = { "--no-huge", "-m128", NULL };
  g_autoptr (DpdkEal) eal = new_eal ();
  g_autoptr (DpdkEal) second = NULL;
  g_autoptr (DpdkEal) third = NULL;
  g_autoptr (GError) error = NULL;

  second = dpdk_eal_new (no_huge_args, &error);
  g_assert_no_error (error);
  g_assert_true (second == eal);
  third = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  g_assert_true (third == eal);
  g_assert_null (dpdk_eal_new (others, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EXISTS, "*-m64*-m128*");
  return 0;
}

typedef struct {
  const char *args[4];
  const char *message;
} Refusal;

static const Refusal refusals[] = {
  { { "--nonsense" }, "*\"--nonsense\" is unknown" },
  { { "--no-hugee" }, "*\"--no-hugee\" is unknown" },
  { { "-q" }, "*\"-q\" is unknown" },
  { { "-" }, "*\"-\" is unknown" },
  { { "--" }, "*\"--\" is unknown" },
  { { "" }, "*\"\" is unknown" },
  { { "word" }, "*\"word\" is unknown" },
  { { "--no-pci", "word" }, "*\"word\" is unknown" },
  { { "-l", "1" }, "*\"-l\" is not allowed*dpdk_cores*" },
  { { "-l1" }, "*\"-l1\" is not allowed*dpdk_cores*" },
  { { "-c", "3" }, "*\"-c\" is not allowed*dpdk_cores*" },
  { { "--lcores=0@1" }, "*\"--lcores=0@1\" is not allowed*dpdk_cores*" },
  { { "--main-lcore", "1" }, "*\"--main-lcore\" is not allowed*dpdk_cores*" },
  { { "-S", "1" }, "*\"-S\" is not allowed*" },
  { { "--help" }, "*\"--help\" is not allowed*ends the process*" },
  { { "-h" }, "*\"-h\" is not allowed*ends the process*" },
  { { "--version" }, "*\"--version\" is not allowed*ends the process*" },
  { { "--log-level=help" }, "*--log-level=help*ends the process*" },
  { { "--proc-type=secondary" }, "*--proc-type=secondary*" },
  { { "--no-pci=1" }, "*\"--no-pci\" takes no value*" },
  { { "--file-prefix" }, "*\"--file-prefix\" needs a value*" },
  { { "--file-prefix=" }, "*\"--file-prefix\" needs a value*" },
  { { "-m" }, "*\"-m\" needs a value*" },
  { { "-m", "many" }, "*-m*many*" },
  { { "--no-huge", "--socket-mem=64" }, "*--no-huge*hugepages*" },
  { { "--iova-mode=nonsense" }, "*--iova-mode*nonsense*" },
  { { "--no-huge", "--in-memory" }, "*--no-huge*hugepages*" },
};

/* DPDK has seen none of these: it still starts */
static int
eal_refused (World *world, const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
      g_autoptr (DpdkConfig) config = world_config_new (&options->world, &error);

      g_assert_null (dpdk_eal_new (refusals[i].args, &error));
      child_check_error (&error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, refusals[i].message);
      dpdk_runtime_builder_set_config (builder, config);
      dpdk_runtime_builder_add_eal_args (builder, refusals[i].args);
      g_assert_null (dpdk_runtime_builder_build (builder, &error));
      child_check_error (&error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, refusals[i].message);
      g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_NEVER);
    }
  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_exchange (world, 1000);
  world_drop_all (world, 0);
  return 0;
}

static const Refusal failures[] = {
  { { "--no-huge", "-m99999999" }, "rte_eal_init (*-m99999999*)*Cannot*memory*" },
  { { "--in-memory", "-m99999999" }, "rte_eal_init (*--in-memory*)*Cannot*" },
  { { "--no-huge", "-m64", "--vdev=nonsense" }, "rte_eal_init (*)*nonsense*" },
  { { "--no-huge", "-m64", "--allow=nonsense" }, "rte_eal_init (*)*nonsense*" },
};

/* DPDK's own words are in the error, and this process has had its one chance */
static int
eal_failed (World *world, const ChildOptions *options)
{
  const Refusal *failure = &failures[options->number];
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (options->number, <, G_N_ELEMENTS (failures));
  g_assert_null (dpdk_eal_new (failure->args, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_INIT, failure->message);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
  check_dead (options);
  return 0;
}

static int
shutdown_free (World *world, const ChildOptions *options)
{
  DpdkEal *eal = new_eal ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dpdk_eal_shutdown (eal, 20000, &error));
      g_assert_no_error (error);
      g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_DEAD);
    }
  g_object_unref (eal);
  check_dead (options);
  return 0;
}

static void
check_refuses_new (World *world)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_mempool_new (world->eal, 63, 0, 2048, -1, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "DpdkMempool*ending*");
  g_assert_null (dpdk_port_new (world->eal, "net_null7", &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "DpdkPort net_null7*ending*");
}

static int
shutdown_held (World *world, const ChildOptions *options)
{
  static const char *const holders[] = { "DpdkMempool (", "DpdkPort (net_", "DpdkWorker (0 ",
                                         "1 reference on packets" };
  g_autoptr (DpdkEal) eal = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) later = NULL;
  g_autoptr (GPtrArray) names = NULL;

  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_exchange (world, 1000);
  names = dpdk_eal_dup_dependants (world->eal);
  g_assert_cmpuint (names->len, >=, G_N_ELEMENTS (holders));
  g_assert_false (dpdk_eal_shutdown (world->eal, 300, &error));
  for (guint i = 0; i < G_N_ELEMENTS (holders); i++)
    {
      g_autofree char *pattern = g_strdup_printf ("*after 300 ms*held by*%s*", holders[i]);

      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT);
      g_assert_true (g_pattern_match_simple (pattern, error->message));
    }
  g_assert_cmpint (dpdk_eal_get_state (world->eal), ==, DPDK_EAL_STATE_CLOSING);
  /* that is not needed any more, but what is held is still good */
  check_refuses_new (world);
  g_assert_false (dpdk_tcp_connection_is_connected (world->connection));
  g_assert_cmpuint (dpdk_packet_get_length (world->packet), ==, sizeof "a packet");
  eal = g_object_ref (world->eal);
  world_drop_all (world, 0);
  /* the object itself may be kept: what needs the EAL is what counts */
  g_assert_true (world_wait_dead (WORLD_PATIENCE_S));
  g_assert_true (dpdk_eal_shutdown (eal, 100, &later));
  g_assert_no_error (later);
  return 0;
}

static gpointer
drop_thread (gpointer data)
{
  world_drop_all (data, 0);
  return NULL;
}

static int
shutdown_waits (World *world, const ChildOptions *options)
{
  g_autoptr (DpdkEal) eal = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_exchange (world, 1000);
  eal = g_object_ref (world->eal);
  thread = g_thread_new ("drop", drop_thread, world);
  g_assert_true (dpdk_eal_shutdown (eal, 20000, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_DEAD);
  g_thread_join (thread);
  return 0;
}

typedef struct {
  World *world;
  GMutex lock;
  GCond changed;
  gboolean is_done;
} WorkerCall;

/* what waits for a worker cannot be called on one */
static void
call_on_worker (DpdkWorker *worker, gpointer data)
{
  WorkerCall *call = data;
  g_autoptr (GError) error = NULL;

  g_assert_false (dpdk_eal_shutdown (call->world->eal, 100, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK, "*");
  g_assert_false (dpdk_runtime_shutdown (call->world->runtime, 100, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK, "*");
  g_assert_false (dpdk_runtime_run (call->world->runtime, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK, "*");
  g_assert_null (dpdk_mempool_new (call->world->eal, 63, 0, 2048, -1, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK, "*");
  g_assert_null (dpdk_port_new (call->world->eal, "net_null7", &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK, "*");
  g_assert_false (dpdk_port_stop (call->world->port, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK, "*");
  g_assert_false (dpdk_port_close (call->world->port, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK, "*");
  g_mutex_lock (&call->lock);
  call->is_done = TRUE;
  g_cond_signal (&call->changed);
  g_mutex_unlock (&call->lock);
}

static int
worker_deadlock (World *world, const ChildOptions *options)
{
  static WorkerCall call;
  g_autoptr (DpdkWorker) worker = NULL;
  g_autoptr (GError) error = NULL;

  world_open (world, &options->world);
  world_connect (world, &options->world);
  call.world = world;
  worker = dpdk_runtime_dup_worker (world->runtime, 0);
  dpdk_worker_invoke (worker, call_on_worker, &call, NULL, &error);
  g_assert_no_error (error);
  g_mutex_lock (&call.lock);
  while (!call.is_done)
    g_cond_wait (&call.changed, &call.lock);
  g_mutex_unlock (&call.lock);
  /* nothing has happened */
  world_exchange (world, 1000);
  world_drop_all (world, 0);
  return 0;
}

const Scenario api_scenarios[] = {
  { "eal-dead", eal_dead },
  { "reopen", reopen },
  { "eal-same", eal_same },
  { "eal-refused", eal_refused },
  { "eal-failed", eal_failed },
  { "shutdown-free", shutdown_free },
  { "shutdown-held", shutdown_held },
  { "shutdown-waits", shutdown_waits },
  { "worker-deadlock", worker_deadlock },
  { NULL, NULL },
};
