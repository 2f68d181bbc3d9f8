/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "config-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
write_file (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *filled = config_fill_in (text);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_file_set_contents (path, filled, -1, &error);
  g_assert_no_error (error);
}

static void
assert_not_readable (const char *path, const char *reason)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = g_strdup_printf ("%s: %s", path, reason);

  g_assert_null (dpdk_config_new_from_file (path, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dpdk-config-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "env.json", NULL);
  g_autofree char *prefix = g_strconcat (path, ":1: $.mtu: 1: unknown key", NULL);
  DpdkConfig *config;

  assert_not_readable (path, "No such file or directory");
  assert_not_readable (folder, "not a regular file");
  assert_not_readable ("/dev/zero", "not a regular file");

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_not_readable (path, "not a regular file");
  g_assert_cmpint (g_unlink (path), ==, 0);

  write_file (path, "");
  g_assert_null (dpdk_config_new_from_file (path, &error));
  g_assert_error (error, DPDK_ERROR, SYNTAX);
  g_clear_error (&error);

  g_assert_cmpint (truncate (path, CONFIG_MAX_SIZE + 1), ==, 0);
  assert_not_readable (path, "larger than 16 MiB");

  write_file (path, WITH_ROOT ("\"mtu\":1"));
  g_assert_null (dpdk_config_new_from_file (path, &error));
  g_assert_error (error, DPDK_ERROR, UNKNOWN);
  g_assert_cmpstr (error->message, ==, prefix);
  g_clear_error (&error);

  write_file (path, WITH_ROOT ("\"version\":1"));
  config = dpdk_config_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dpdk_config_get_path (config), ==, path);
  g_assert_false (dpdk_config_get_is_default (config));
  g_assert_finalize_object (config);

  if (geteuid () != 0)
    {
      g_assert_cmpint (g_chmod (path, 0), ==, 0);
      assert_not_readable (path, "Permission denied");
    }

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static gboolean
write_proc (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean is_written = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);

  if (fd >= 0)
    close (fd);

  return is_written;
}

/* Root of a namespace, as which every user may mount */
static gboolean
become_root (void)
{
  g_autofree char *users = g_strdup_printf ("0 %u 1", geteuid ());
  g_autofree char *groups = g_strdup_printf ("0 %u 1", getegid ());

  return unshare (CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
         write_proc ("/proc/self/setgroups", "deny") && write_proc ("/proc/self/uid_map", users) &&
         write_proc ("/proc/self/gid_map", groups);
}

/* Gives this process an /etc of its own, which ends with it, with an empty current folder in it */
static gboolean
isolate (void)
{
  g_unsetenv ("DPDK_ENV_CONFIG");

  return (unshare (CLONE_NEWNS) == 0 || become_root ()) &&
         mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("tmpfs", "/etc", "tmpfs", 0, NULL) == 0 && g_mkdir ("/etc/here", 0755) == 0 &&
         g_chdir ("/etc/here") == 0;
}

static void
assert_loads (const char *path)
{
  g_autoptr (GError) error = NULL;
  DpdkConfig *config = dpdk_config_load (&error);

  g_assert_no_error (error);
  g_assert_cmpstr (dpdk_config_get_path (config), ==, path);
  g_assert_cmpint (dpdk_config_get_is_default (config), ==, path == NULL);
  if (path == NULL)
    config_assert_is_default (config);
  g_assert_finalize_object (config);
}

static void
assert_load_fails (int code, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_config_load (&error));
  g_assert_error (error, DPDK_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
check_search (void)
{
  assert_loads (NULL);

  write_file ("/etc/dpdk/env.json", WITH_ROOT ("\"version\":1"));
  assert_loads ("/etc/dpdk/env.json");
  write_file ("config/dpdk-env.json", WITH_ROOT ("\"version\":1"));
  assert_loads ("./config/dpdk-env.json");
  write_file ("elsewhere.json", WITH_ROOT ("\"version\":1"));
  g_setenv ("DPDK_ENV_CONFIG", "elsewhere.json", TRUE);
  assert_loads ("elsewhere.json");

  /* What is wrong is not skipped */
  write_file ("elsewhere.json", "{}x");
  assert_load_fails (SYNTAX, "elsewhere.json:1:3: expected the end, not 'x'");
  g_setenv ("DPDK_ENV_CONFIG", "/etc/no", TRUE);
  assert_load_fails (DPDK_ERROR_FAILED, "DPDK_ENV_CONFIG=/etc/no: there is no such file");
  g_setenv ("DPDK_ENV_CONFIG", "", TRUE);
  assert_load_fails (DPDK_ERROR_FAILED, "DPDK_ENV_CONFIG=: there is no such file");
  g_unsetenv ("DPDK_ENV_CONFIG");

  write_file ("config/dpdk-env.json", "[]");
  assert_load_fails (INVALID, "./config/dpdk-env.json:1: $: []: must be an object, not an array");
  g_assert_cmpint (g_unlink ("config/dpdk-env.json"), ==, 0);
  g_assert_cmpint (symlink ("/etc/no", "config/dpdk-env.json"), ==, 0);
  assert_load_fails (DPDK_ERROR_FAILED, "./config/dpdk-env.json: No such file or directory");
  g_assert_cmpint (g_unlink ("config/dpdk-env.json"), ==, 0);
  write_file ("/etc/dpdk/env.json", WITH_DEVICE ("\"mtu\":12"));
  assert_load_fails (INVALID, "/etc/dpdk/env.json:1: $.devices[0].mtu: 12: " BAD_MTU);

  g_assert_cmpint (g_unlink ("/etc/dpdk/env.json"), ==, 0);
  assert_loads (NULL);
  g_assert_cmpint (g_rmdir ("config"), ==, 0);
  write_file ("config", "not a folder");
  assert_loads (NULL);
}

static gboolean
can_isolate (void)
{
  int status = -1;
  pid_t child = fork ();

  if (child == 0)
    _exit (isolate () ? 0 : 1);
  g_assert_cmpint (child, >, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);

  return status == 0;
}

static void
test_search (void)
{
  if (g_test_subprocess ())
    {
      g_assert_true (isolate ());
      check_search ();
      return;
    }

  if (!can_isolate ())
    {
      g_test_skip ("a private mount namespace is not permitted");
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

/* The usable core behind the first one, or 0 */
static guint
second_core (void)
{
  cpu_set_t set;

  g_assert_cmpint (sched_getaffinity (0, sizeof set, &set), ==, 0);
  for (guint core = config_first_core () + 1; core < CPU_SETSIZE; core++)
    if (CPU_ISSET (core, &set))
      return core;

  return 0;
}

static void
check_affinity (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *message = NULL;
  g_autoptr (DpdkConfig) config = NULL;
  guint core = config_first_core ();
  guint other = second_core ();
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (other, &set);
  g_assert_cmpint (sched_setaffinity (0, sizeof set, &set), ==, 0);

  text = g_strdup_printf ("{\"dpdk_cores\":[%u,%u]}", other, core);
  message = g_strdup_printf ("1: $.dpdk_cores[1]: %u: the core is not in this process' affinity "
                             "mask; usable cores: %u",
                             core, other);
  g_assert_null (dpdk_config_new_from_data (text, -1, &error));
  g_assert_error (error, DPDK_ERROR, INVALID);
  config_assert_message (error, message);

  /* The default takes the first core of the mask */
  config = dpdk_config_new_default ();
  config_assert_is_default (config);
}

static void
test_affinity (void)
{
  if (g_test_subprocess ())
    {
      check_affinity ();
      return;
    }

  if (second_core () == 0)
    {
      g_test_skip ("this process may use only one core");
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/file", test_file);
  g_test_add_func ("/config/search", test_search);
  g_test_add_func ("/config/affinity", test_affinity);
  return g_test_run ();
}
