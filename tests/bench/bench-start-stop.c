/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The time that a runtime with one net_ring port takes to start and to stop, against the same done
   with raw DPDK. Each time is taken in a process of its own. */

#include "bench-report.h"

#include <dpdk-glib.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEVICE "net_ring0"
#define TIMEOUT_MS 10000
#define N_DESCRIPTORS 128

/* what a child prints, one per line */
typedef struct {
  double start_ms;
  double stop_ms;
  char *data_size;
  char *args;
} Times;

static int n_rounds = 11;
static char *child;
static char *data_size;
static char *eal_args;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "child", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &child, NULL, NULL },
  { "data-size", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &data_size, NULL, NULL },
  { "eal-args", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &eal_args, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

static void G_GNUC_NORETURN
die (const char *message)
{
  g_printerr ("bench-start-stop: %s\n", message);
  exit (1);
}

static void
print_times (gint64 begin, gint64 started, gint64 stopping, gint64 stopped, guint size,
             const char *args)
{
  printf ("%" G_GINT64_FORMAT "\n%" G_GINT64_FORMAT "\n%u\n%s\n", started - begin,
          stopped - stopping, size, args);
}

static void
run_ours (void)
{
  static const char json[] = "{ \"dpdk_cores\": [0], \"devices\": [ { \"vdev\": \"" DEVICE "\","
                             " \"addresses\": [\"198.18.0.2/24\"] } ] }";
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkConfig) config = dpdk_config_new_from_data (json, -1, &error);
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autofree char *args = NULL;
  DpdkRuntime *runtime;
  DpdkPort *port;
  DpdkEal *eal;
  gint64 begin, started, stopping;
  guint size;

  if (config == NULL)
    die (error->message);
  dpdk_runtime_builder_set_config (builder, config);

  begin = g_get_monotonic_time ();
  runtime = dpdk_runtime_builder_build (builder, &error);
  started = g_get_monotonic_time ();
  if (runtime == NULL)
    die (error->message);

  port = dpdk_runtime_dup_port (runtime, 0);
  size = dpdk_mempool_get_data_size (dpdk_port_get_mempool (port));
  g_object_unref (port);
  eal = dpdk_runtime_dup_eal (runtime);
  args = g_strjoinv (" ", (char **) dpdk_eal_get_args (eal));
  g_object_unref (eal);

  stopping = g_get_monotonic_time ();
  if (!dpdk_runtime_shutdown (runtime, TIMEOUT_MS, &error))
    die (error->message);
  g_object_unref (runtime);
  if (dpdk_eal_get_process_state () != DPDK_EAL_STATE_DEAD)
    die ("the EAL has not ended");
  print_times (begin, started, stopping, g_get_monotonic_time (), size, args);
}

static void
start_raw_port (guint16 port, struct rte_mempool *pool)
{
  struct rte_eth_conf conf = { 0 };

  if (rte_eth_dev_configure (port, 1, 1, &conf) != 0 ||
      rte_eth_rx_queue_setup (port, 0, N_DESCRIPTORS, SOCKET_ID_ANY, NULL, pool) != 0 ||
      rte_eth_tx_queue_setup (port, 0, N_DESCRIPTORS, SOCKET_ID_ANY, NULL) != 0 ||
      rte_eth_dev_start (port) != 0)
    die ("cannot start the raw port");
}

/* the same arguments, but the prefix of files is that of this process */
static char **
get_raw_args (void)
{
  g_autofree char *line = g_strdup_printf ("bench-start-stop %s", eal_args);
  char **args = g_strsplit (line, " ", -1);

  for (guint i = 0; args[i] != NULL; i++)
    if (g_str_has_prefix (args[i], "--file-prefix="))
      {
        g_free (args[i]);
        args[i] = g_strdup_printf ("--file-prefix=bench_%d", (int) getpid ());
      }
  return args;
}

static void
run_raw (void)
{
  g_auto (GStrv) args = get_raw_args ();
  g_autofree char **argv = g_memdup2 (args, (g_strv_length (args) + 1) * sizeof *args);
  struct rte_eth_dev_info info = { 0 };
  struct rte_mempool *pool;
  gint64 begin, started, stopping;
  guint16 port;

  begin = g_get_monotonic_time ();
  if (rte_eal_init ((int) g_strv_length (args), argv) < 0)
    die ("rte_eal_init failed");
  if (rte_eal_hotplug_add ("vdev", DEVICE, "") != 0 ||
      rte_eth_dev_get_port_by_name (DEVICE, &port) != 0 || rte_eth_dev_info_get (port, &info) != 0)
    die ("there is no " DEVICE);
  pool = rte_pktmbuf_pool_create (
      "bench", 8192, 256, 0, (guint16) (atoi (data_size) + RTE_PKTMBUF_HEADROOM), SOCKET_ID_ANY);
  if (pool == NULL)
    die ("no memory for a pool");
  start_raw_port (port, pool);
  started = stopping = g_get_monotonic_time ();

  rte_eth_dev_stop (port);
  rte_eth_dev_close (port);
  rte_dev_remove (info.device);
  rte_mempool_free (pool);
  /* DPDK leaves its folder */
  (void) rmdir (rte_eal_get_runtime_dir ());
  rte_eal_cleanup ();
  print_times (begin, started, stopping, g_get_monotonic_time (), 0, "");
}

static Times
run_child (const char *program, const char *kind, const Times *like)
{
  const char *argv[] = { program,         "--child",    kind,       "--data-size",
                         like->data_size, "--eal-args", like->args, NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *log = NULL;
  g_auto (GStrv) lines = NULL;
  int status;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &log,
                     &status, &error))
    die (error->message);
  if (!g_spawn_check_wait_status (status, &error))
    {
      g_printerr ("%s", log);
      die (error->message);
    }
  lines = g_strsplit (output, "\n", -1);
  if (g_strv_length (lines) < 4)
    die ("a child printed too little");
  return (Times){
    .start_ms = g_ascii_strtod (lines[0], NULL) / 1000,
    .stop_ms = g_ascii_strtod (lines[1], NULL) / 1000,
    .data_size = g_strdup (lines[2]),
    .args = g_strdup (lines[3]),
  };
}

static void
clear_times (Times *times)
{
  g_free (times->data_size);
  g_free (times->args);
}

static void
report (const char *metric, GArray *ours, GArray *raw)
{
  double value = bench_median (ours), baseline_value = bench_median (raw);

  bench_report (&(BenchFigure){
      .bench = "start-stop",
      .metric = metric,
      .unit = "ms",
      .baseline = "raw rte_eal_init, one port and rte_eal_cleanup",
      .value = value,
      .baseline_value = baseline_value,
      .ratio = baseline_value / value,
  });
}

static void
compare (const char *program)
{
  static const char *const metrics[] = { "start-time", "stop-time", "total-time" };
  Times like =
      run_child (program, "ours", &(Times){ .data_size = (char *) "", .args = (char *) "" });
  GArray *values[G_N_ELEMENTS (metrics)][2];

  for (gsize m = 0; m < G_N_ELEMENTS (metrics); m++)
    for (gsize i = 0; i < 2; i++)
      values[m][i] = g_array_new (FALSE, FALSE, sizeof (double));
  for (int round = 0; round < n_rounds; round++)
    for (gsize turn = 0; turn < 2; turn++)
      {
        /* who is first changes */
        gsize i = ((gsize) round + turn) % 2;
        Times times = run_child (program, i == 0 ? "ours" : "raw", &like);
        double total = times.start_ms + times.stop_ms;

        g_array_append_val (values[0][i], times.start_ms);
        g_array_append_val (values[1][i], times.stop_ms);
        g_array_append_val (values[2][i], total);
        clear_times (&times);
      }
  for (gsize m = 0; m < G_N_ELEMENTS (metrics); m++)
    {
      report (metrics[m], values[m][0], values[m][1]);
      g_array_unref (values[m][0]);
      g_array_unref (values[m][1]);
    }
  clear_times (&like);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    die (error->message);
  if (child == NULL)
    compare ("/proc/self/exe");
  else if (g_str_equal (child, "ours"))
    run_ours ();
  else
    run_raw ();
  return 0;
}
