/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eal-fixture.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TESTS 64
#define TEST_TIMEOUT_US (180 * G_TIME_SPAN_SECOND)

static gboolean is_isolated;

static gboolean
isolate_files (void)
{
  if (unshare (CLONE_NEWNS) != 0)
    return FALSE;
  g_mkdir_with_parents (EAL_RUNTIME_FOLDER, 0700);
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("dpdk", EAL_RUNTIME_FOLDER, "tmpfs", 0, NULL) == 0;
}

static void
run_isolated (gconstpointer data)
{
  /* ISO C has no conversion from an object pointer to a function pointer */
  const EalTestFunc *func = data;

  if (g_test_subprocess ())
    {
      (*func) ();
      return;
    }
  if (!is_isolated)
    {
      g_test_skip ("needs the privilege to make namespaces");
      return;
    }
  g_test_trap_subprocess (NULL, TEST_TIMEOUT_US, 0);
  g_test_trap_assert_passed ();
  g_assert_cmpuint (eal_count_entries (EAL_RUNTIME_FOLDER), ==, 0);
}

void
eal_test_init (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  is_isolated = g_test_subprocess () || isolate_files ();
  /* one that fails does not keep the others from running */
  if (!g_test_subprocess ())
    g_test_set_nonfatal_assertions ();
}

void
eal_test_add (const char *path, EalTestFunc func)
{
  static EalTestFunc funcs[MAX_TESTS];
  static guint n_funcs;

  g_assert_cmpuint (n_funcs, <, MAX_TESTS);
  funcs[n_funcs] = func;
  g_test_add_data_func (path, &funcs[n_funcs++], run_isolated);
}

/* how often to do something that is done n times in a full run */
guint
eal_scaled (guint n)
{
  const char *text = g_getenv ("DPDK_TEST_SCALE");
  double scale = text != NULL ? g_ascii_strtod (text, NULL) : 1;

  return scale > 0 ? MAX (1, (guint) (n * scale)) : n;
}

DpdkEal *
eal_new (void)
{
  const char *const args[] = { "--no-huge", "-m64", NULL };
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (args, &error);

  g_assert_no_error (error);
  g_assert_true (DPDK_IS_EAL (eal));
  return eal;
}

DpdkMempool *
eal_mempool_new (DpdkEal *eal)
{
  g_autoptr (GError) error = NULL;
  DpdkMempool *pool = dpdk_mempool_new (eal, 255, 32, 2048, -1, &error);

  g_assert_no_error (error);
  g_assert_true (DPDK_IS_MEMPOOL (pool));
  return pool;
}

static gboolean
give_up (gpointer user_data)
{
  g_error ("in vain waited for something");
  return G_SOURCE_REMOVE;
}

GSource *
eal_add_deadline (GMainContext *context)
{
  GSource *source = g_timeout_source_new (EAL_PATIENCE_MS);

  g_source_set_callback (source, give_up, NULL, NULL);
  g_source_attach (source, context);
  return source;
}

void
eal_end (DpdkEal *eal)
{
  g_autoptr (GError) error = NULL;

  dpdk_eal_shutdown (eal, EAL_PATIENCE_MS, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
  g_assert_finalize_object (eal);
}

guint
eal_count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_test_message ("in %s: %s", folder, name);
      n++;
    }
  return n;
}

void
eal_peer_start (EalPeer *self, EalPeerFunc func, gpointer data)
{
  int there[2], back[2];

  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_NEVER);
  g_assert_no_errno (pipe (there));
  g_assert_no_errno (pipe (back));
  self->pid = fork ();
  g_assert_no_errno (self->pid);
  if (self->pid == 0)
    {
      close (there[1]);
      close (back[0]);
      self->from = there[0];
      self->to = back[1];
      func (self, data);
      exit (0);
    }
  close (there[0]);
  close (back[1]);
  self->from = back[0];
  self->to = there[1];
}

void
eal_peer_signal (EalPeer *self)
{
  g_assert_no_errno (write (self->to, "", 1));
}

void
eal_peer_await (EalPeer *self)
{
  gint64 deadline = g_get_monotonic_time () + EAL_PATIENCE_US;
  struct pollfd poll_fd = { .fd = self->from, .events = POLLIN };
  char byte;
  int n;

  do
    n = poll (&poll_fd, 1, (int) ((deadline - g_get_monotonic_time ()) / 1000));
  while (n < 0 && errno == EINTR);
  g_assert_cmpint (n, ==, 1);
  /* 0 bytes: it has ended without a word */
  g_assert_cmpint (read (self->from, &byte, 1), ==, 1);
}

int
eal_peer_end (EalPeer *self)
{
  int status;

  while (waitpid (self->pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  close (self->from);
  close (self->to);
  return status;
}

void
eal_peer_kill (EalPeer *self)
{
  int status;

  g_assert_no_errno (kill (self->pid, SIGKILL));
  status = eal_peer_end (self);
  g_assert_true (WIFSIGNALED (status));
}
