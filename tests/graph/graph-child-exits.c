/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* every way out of a process */

/* all of it held, and bytes on their way */
static void
start_traffic (World *world, const ChildOptions *options)
{
  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_start_traffic (world, TRUE);
}

static void
wait_for_ever (void)
{
  while (TRUE)
    pause ();
}

static int
return_dropped (World *world, const ChildOptions *options)
{
  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_exchange (world, 1000);
  world_drop_all (world, options->world.seed);
  return options->number;
}

static int
return_held (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  return options->number;
}

static int
exit_held (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  exit (options->number);
}

static void
exit_callback (DpdkWorker *worker, gpointer data)
{
  exit (GPOINTER_TO_INT (data));
}

static void
invoke (World *world, DpdkWorkerFunc func, int number)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (world->runtime, 0);
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, func, GINT_TO_POINTER (number), NULL, &error);
  g_assert_no_error (error);
}

static int
exit_worker (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  invoke (world, exit_callback, options->number);
  wait_for_ever ();
  return 0;
}

/* the same from a source of the worker's own context */
static gboolean
exit_source (gpointer data)
{
  exit (GPOINTER_TO_INT (data));
}

static int
exit_worker_source (World *world, const ChildOptions *options)
{
  g_autoptr (DpdkWorker) worker = NULL;

  start_traffic (world, options);
  worker = dpdk_runtime_dup_worker (world->runtime, 0);
  g_main_context_invoke (dpdk_worker_get_main_context (worker), exit_source,
                         GINT_TO_POINTER (options->number));
  wait_for_ever ();
  return 0;
}

static gpointer
exit_thread_main (gpointer data)
{
  exit (GPOINTER_TO_INT (data));
}

static int
exit_thread (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  g_thread_new ("exit", exit_thread_main, GINT_TO_POINTER (options->number));
  wait_for_ever ();
  return 0;
}

/* the worker calls exit () while the main thread waits for that worker */
static int
exit_worker_shutdown (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  invoke (world, exit_callback, options->number);
  dpdk_runtime_shutdown (world->runtime, G_MAXINT, NULL);
  wait_for_ever ();
  return 0;
}

/* some microseconds after all was dropped: in the middle of the end */
static int
exit_ending (World *world, const ChildOptions *options)
{
  gint64 until;

  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_drop_all (world, options->world.seed);
  until = g_get_monotonic_time () + options->world.seed % 3000;
  while (g_get_monotonic_time () < until)
    ;
  exit (options->number);
}

static gpointer
starting_thread (gpointer data)
{
  const ChildOptions *options = data;
  static DpdkRuntime *runtime;

  /* it may be told that all of this has ended */
  runtime = world_runtime_new (&options->world, NULL);
  return runtime;
}

/* some moment before or after the runtime is there */
static int
exit_starting (World *world, const ChildOptions *options)
{
  g_thread_new ("starting", starting_thread, (gpointer) options);
  g_usleep (options->world.seed * 977 % 200000);
  exit (options->number);
}

static const ChildOptions *to_start_late;

/* the hooks of exit () have run, only destructors come */
__attribute__ ((destructor)) static void
start_late (void)
{
  if (to_start_late == NULL)
    return;
  g_thread_new ("starting", starting_thread, (gpointer) to_start_late);
  g_usleep (to_start_late->world.seed * 977 % 5000);
}

static ssize_t
linger (void *cookie, const char *buffer, size_t size)
{
  g_usleep (50000);
  return (ssize_t) size;
}

/* some moment around the end of the library itself; what a stream holds is written after all of that */
static int
exit_starting_late (World *world, const ChildOptions *options)
{
  FILE *stream = fopencookie (NULL, "w", (cookie_io_functions_t){ .write = linger });

  to_start_late = options;
  g_assert_cmpint (fputc ('.', stream), ==, '.');
  exit (options->number);
}

static gboolean
on_running (gpointer data)
{
  world_ready ();
  return G_SOURCE_REMOVE;
}

static void
run_runtime (World *world, const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;

  start_traffic (world, options);
  g_idle_add (on_running, NULL);
  dpdk_runtime_run (world->runtime, &error);
  g_assert_no_error (error);
  world_join_traffic ();
}

static int
run (World *world, const ChildOptions *options)
{
  run_runtime (world, options);
  world_drop_all (world, options->world.seed);
  return 0;
}

static int
run_held (World *world, const ChildOptions *options)
{
  run_runtime (world, options);
  return 0;
}

static int
traffic (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  world_ready ();
  wait_for_ever ();
  return 0;
}

static int
abort_main (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  abort ();
}

static void
abort_callback (DpdkWorker *worker, gpointer data)
{
  abort ();
}

static int
abort_worker (World *world, const ChildOptions *options)
{
  start_traffic (world, options);
  invoke (world, abort_callback, 0);
  wait_for_ever ();
  return 0;
}

/* dropped and called in a forked child, all objects do nothing */
static void
use_in_forked_child (World *world, const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkRuntime) runtime = NULL;
  g_autoptr (DpdkEal) eal = NULL;

  eal = dpdk_eal_new (NULL, &error);
  g_assert_null (eal);
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "*parent*");
  runtime = world_runtime_new (&options->world, &error);
  g_assert_null (runtime);
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "*parent*");
  g_assert_false (dpdk_runtime_shutdown (world->runtime, 100, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "*parent*");
  g_assert_false (dpdk_eal_shutdown (world->eal, 100, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "*parent*");
  g_assert_null (dpdk_mempool_acquire (world->mempool, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "*parent*");
  world_drop_all (world, options->world.seed);
}

/* the child ends in one of these ways, and the parent goes on */
static int
fork_child (World *world, const ChildOptions *options)
{
  int status;
  pid_t pid;

  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_exchange (world, 1000);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    switch (options->world.seed % 4)
      {
      case 0:
        /* returns from main with everything held */
        return 5;
      case 1:
        _exit (5);
      case 2:
        world_drop_all (world, options->world.seed);
        exit (5);
      default:
        use_in_forked_child (world, options);
        return 5;
      }
  world_exchange (world, 1000);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 5);
  world_exchange (world, 1000);
  world_drop_all (world, options->world.seed);
  return 0;
}

const Scenario exits_scenarios[] = {
  { "return-dropped", return_dropped },
  { "return-held", return_held },
  { "exit-held", exit_held },
  { "exit-worker", exit_worker },
  { "exit-worker-source", exit_worker_source },
  { "exit-worker-shutdown", exit_worker_shutdown },
  { "exit-thread", exit_thread },
  { "exit-ending", exit_ending },
  { "exit-starting", exit_starting },
  { "exit-starting-late", exit_starting_late },
  { "run", run },
  { "run-held", run_held },
  { "traffic", traffic },
  { "abort", abort_main },
  { "abort-worker", abort_worker },
  { "fork", fork_child },
  { NULL, NULL },
};
