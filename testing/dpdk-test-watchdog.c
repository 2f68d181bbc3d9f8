/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-watchdog-private.h"

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FRAMES 48
#define THREAD_PATIENCE_US (2 * G_TIME_SPAN_SECOND)
#define EXIT_STATUS 124

static struct {
  GMutex lock;
  GCond stopped;
  GThread *thread;
  guint seconds;
  gint64 deadline;
  gboolean stopping;
} watchdog;

static gint n_dumped;

/* the tap driver has one of the lower ones */
static int
get_dump_signal (void)
{
  return SIGRTMAX - 1;
}

static void
on_dump_signal (int signal_number)
{
  int saved_errno = errno;
  void *frames[MAX_FRAMES];

  backtrace_symbols_fd (frames, backtrace (frames, MAX_FRAMES), STDERR_FILENO);
  g_atomic_int_inc (&n_dumped);
  errno = saved_errno;
}

static char *
read_task_file (const char *task, const char *name)
{
  g_autofree char *path = g_build_filename ("/proc/self/task", task, name, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("?");
  return g_strchomp (text);
}

static gboolean
is_blocked (const char *task, int signal_number)
{
  g_autofree char *status = read_task_file (task, "status");
  const char *line = strstr (status, "SigBlk:");

  return line != NULL &&
         (g_ascii_strtoull (line + strlen ("SigBlk:"), NULL, 16) >> (signal_number - 1) & 1) != 0;
}

static void
dump_thread (const char *task)
{
  g_autofree char *name = read_task_file (task, "comm");
  g_autofree char *wchan = read_task_file (task, "wchan");
  g_autofree char *call = read_task_file (task, "syscall");
  pid_t id = (pid_t) g_ascii_strtoll (task, NULL, 10);
  gint64 deadline = g_get_monotonic_time () + THREAD_PATIENCE_US;
  int before = g_atomic_int_get (&n_dumped);

  g_printerr ("# thread %s (%s): in the kernel: %s; system call: %s\n", task, name, wchan, call);
  if (is_blocked (task, get_dump_signal ()))
    {
      g_printerr ("it blocks signals: no backtrace\n");
      return;
    }
  if (syscall (SYS_tgkill, getpid (), id, get_dump_signal ()) != 0)
    return;
  while (g_atomic_int_get (&n_dumped) == before && g_get_monotonic_time () < deadline)
    g_usleep (1000);
}

static void
dump_threads (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;

  while (directory != NULL && (task = g_dir_read_name (directory)) != NULL)
    if (g_ascii_strtoll (task, NULL, 10) != syscall (SYS_gettid))
      dump_thread (task);
}

static gpointer
watchdog_main (gpointer data)
{
  gboolean in_time = TRUE;

  g_mutex_lock (&watchdog.lock);
  while (in_time && !watchdog.stopping)
    in_time = g_cond_wait_until (&watchdog.stopped, &watchdog.lock, watchdog.deadline);
  g_mutex_unlock (&watchdog.lock);
  if (in_time)
    return NULL;
  g_printerr ("# the test has not ended within %u s; its threads:\n", watchdog.seconds);
  dump_threads ();
  g_printerr ("# killed by the watchdog\n");
  _exit (EXIT_STATUS);
}

void
dpdk_test_watchdog_start (guint seconds)
{
  struct sigaction action = { .sa_handler = on_dump_signal, .sa_flags = SA_RESTART };
  void *frame;

  /* the first call loads a library, which a signal handler must not */
  backtrace (&frame, 1);
  sigaction (get_dump_signal (), &action, NULL);
  watchdog.seconds = seconds;
  watchdog.deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  watchdog.thread = g_thread_new (DPDK_TEST_WATCHDOG_THREAD, watchdog_main, NULL);
}

void
dpdk_test_watchdog_stop (void)
{
  g_mutex_lock (&watchdog.lock);
  watchdog.stopping = TRUE;
  g_cond_signal (&watchdog.stopped);
  g_mutex_unlock (&watchdog.lock);
  g_thread_join (g_steal_pointer (&watchdog.thread));
}
