/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eal-fixture.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX_VARIABLE "DPDK_TEST_EAL_PREFIX"

DpdkEal *
eal_build (const EalSettings *settings, GError **error)
{
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();

  dpdk_eal_builder_set_memory_mode (builder, settings->mode);
  dpdk_eal_builder_set_memory (builder, settings->memory);
  dpdk_eal_builder_set_numa_memory (builder, settings->node, settings->numa_memory);
  dpdk_eal_builder_set_numa_limit (builder, settings->node, settings->numa_limit);
  dpdk_eal_builder_set_file_prefix (builder, settings->prefix);
  dpdk_eal_builder_set_telemetry (builder, settings->telemetry);
  dpdk_eal_builder_add_args (builder, settings->args);
  return dpdk_eal_builder_build (builder, error);
}

DpdkEal *
eal_build_ok (const EalSettings *settings)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = eal_build (settings, &error);

  g_assert_no_error (error);
  g_assert_true (DPDK_IS_EAL (eal));
  return eal;
}

DpdkEal *
eal_new (void)
{
  return eal_build_ok (&(EalSettings){ .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .memory = 64 });
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

void
eal_end (DpdkEal *eal)
{
  g_autoptr (GError) error = NULL;

  dpdk_eal_shutdown (eal, EAL_PATIENCE_MS, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
  g_assert_finalize_object (eal);
}

void
eal_assert_error (GError **error, DpdkError code, const char *pattern)
{
  g_assert_error (*error, DPDK_ERROR, (int) code);
  if (!g_pattern_match_simple (pattern, (*error)->message))
    g_error ("\"%s\" does not match \"%s\"", (*error)->message, pattern);
  g_clear_error (error);
}

void
eal_assert_start_fails (const EalSettings *settings, const char *pattern)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (eal_build (settings, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_INIT, pattern);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
  g_assert_null (dpdk_eal_dup_current ());
  g_assert_null (dpdk_eal_new (NULL, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, "*cannot be started twice*");
}

const char *
eal_get_runtime_folder (void)
{
  static char *folder;
  const char *parent = g_getenv ("RUNTIME_DIRECTORY");

  if (folder == NULL)
    folder = g_build_filename (parent != NULL ? parent : "/run", "dpdk", NULL);
  return folder;
}

gboolean
eal_runtime_file_exists (const char *prefix, const char *name)
{
  g_autofree char *path = g_build_filename (eal_get_runtime_folder (), prefix, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
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

static char *private_folder;

gboolean
eal_drop_privileges (uid_t owner)
{
  g_autoptr (GError) error = NULL;

  if (getuid () != 0)
    {
      dpdk_test_skip ("needs the privilege to drop privileges");
      return FALSE;
    }
  private_folder = g_dir_make_tmp (NULL, &error);
  g_assert_no_error (error);
  g_assert_no_errno (chown (private_folder, owner, owner));
  g_unsetenv ("RUNTIME_DIRECTORY");
  g_setenv ("XDG_RUNTIME_DIR", private_folder, TRUE);
  /* of all threads; one of the three stays, to come back */
  g_assert_no_errno (setresgid (EAL_NOBODY, EAL_NOBODY, 0));
  g_assert_no_errno (setresuid (EAL_NOBODY, EAL_NOBODY, 0));
  return TRUE;
}

void
eal_regain_privileges (void)
{
  g_autofree char *folder = g_build_filename (private_folder, "dpdk", NULL);

  g_assert_no_errno (setresuid (0, 0, 0));
  g_assert_no_errno (setresgid (0, 0, 0));
  /* empty, or not there */
  (void) rmdir (folder);
  g_assert_no_errno (rmdir (private_folder));
  g_clear_pointer (&private_folder, g_free);
}

DpdkTestProcess *
eal_process_start (const char *name, const char *prefix)
{
  g_autoptr (GError) error = NULL;
  DpdkTestProcess *process;

  if (prefix != NULL)
    g_setenv (PREFIX_VARIABLE, prefix, TRUE);
  else
    g_unsetenv (PREFIX_VARIABLE);
  process = dpdk_test_process_spawn (name, &error);
  g_assert_no_error (error);
  dpdk_test_process_expect (process, "up");
  return process;
}

void
eal_process_stop (DpdkTestProcess *process)
{
  dpdk_test_process_say (process, "stop");
  g_assert_cmpint (dpdk_test_process_wait (process), ==, 0);
  g_object_unref (process);
}

void
eal_process_kill (DpdkTestProcess *process)
{
  int status;

  dpdk_test_process_kill (process, SIGKILL);
  status = dpdk_test_process_wait (process);
  g_assert_true (WIFSIGNALED (status));
  g_object_unref (process);
}

const char *
eal_process_get_prefix (void)
{
  return g_getenv (PREFIX_VARIABLE);
}

void
eal_process_hold (DpdkEal *eal)
{
  DpdkTestProcess *parent = dpdk_test_process_get_parent ();
  g_autoptr (DpdkMempool) pool = eal_mempool_new (eal);

  dpdk_test_process_say (parent, "up");
  dpdk_test_process_expect (parent, "stop");
  dpdk_packet_unref (dpdk_mempool_acquire (pool, NULL));
  g_clear_object (&pool);
  eal_end (eal);
}
