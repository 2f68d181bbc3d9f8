/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a test leaves behind is found, and said in the right words */
#include <dpdk-glib-testing.h>

typedef struct {
  const char *name;
  gboolean passes;
  const char *words[5];
} Case;

static const Case cases[] = {
  { "crash", FALSE, { "not ok", NULL } },
  { "eal", FALSE, { "the EAL is still held, by: ", "DpdkMempool ", NULL } },
  { "fd", FALSE, { "more is in use than before: file descriptor ", "-> /dev/zero", NULL } },
  { "file", FALSE, { "files are left: ", "/left-behind", NULL } },
  { "fine", TRUE, { "ok 1 /victim/fine", NULL } },
  /* the backtrace has the function that waits */
  { "hang", FALSE, { "has not ended within 4 s", "system call: ", "pause", "killed by", NULL } },
  { "interface", FALSE, { "network interfaces are left: left0", NULL } },
  { "object", FALSE, { "GObject is still held", NULL } },
  { "packet",
    FALSE,
    { "1 of 63 buffers are out", "1 references, 2 bytes, not from a port: ca fe", NULL } },
  { "skip", TRUE, { "# SKIP no reason at all", NULL } },
  { "thread", FALSE, { "more is in use than before: thread ", " left-behind", NULL } },
  { "usage", FALSE, { "bytes more of memory are in use than before", NULL } },
  { "wait", FALSE, { "in vain waited for: dpdk_eal_get_process_state ()", NULL } },
  { "warning", FALSE, { "a warning", NULL } },
};

static char *
run_victim (const char *path, const char *other_path, const char *patience, gboolean *passes)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_subprocess_launcher_setenv (launcher, "DPDK_TEST_PATIENCE", patience, TRUE);
  process =
      g_subprocess_launcher_spawn (launcher, &error, g_getenv ("TESTING_VICTIM"), "--tap", "-p",
                                   path, other_path != NULL ? "-p" : NULL, other_path, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  *passes = g_subprocess_get_successful (process);
  return output;
}

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autofree char *path = g_strconcat ("/victim/", self->name, NULL);
  g_autofree char *output = NULL;
  gboolean passes;

  output = run_victim (path, NULL, "0.5", &passes);
  if (strstr (output, "# SKIP needs the privilege") != NULL)
    {
      g_test_skip ("needs the privilege to make a network namespace");
      return;
    }
  for (guint i = 0; self->words[i] != NULL; i++)
    if (strstr (output, self->words[i]) == NULL)
      g_error ("\"%s\" is not in: %s", self->words[i], output);
  g_assert_cmpint (passes, ==, self->passes);
}

static void
test_others_go_on (void)
{
  gboolean passes;
  g_autofree char *output = run_victim ("/victim/crash", "/victim/fine", "0.5", &passes);

  g_assert_false (passes);
  if (strstr (output, "not ok 1 /victim/crash") == NULL ||
      strstr (output, "\nok 2 /victim/fine") == NULL)
    g_error ("a failed test has stopped the others: %s", output);
}

/* temporary files go with the program, even those of a test that has failed */
static void
test_temporary (void)
{
  gboolean passes;
  g_autofree char *output = run_victim ("/victim/temporary", NULL, "0.5", &passes);
  g_autoptr (GRegex) regex = g_regex_new ("there is (/\\S+/left-behind-\\w{6})", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *path = NULL;

  g_assert_false (passes);
  if (!g_regex_match (regex, output, 0, &match))
    g_error ("the victim has made no file: %s", output);
  path = g_match_info_fetch (match, 1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_seed (void)
{
  g_autoptr (GRand) first = NULL;
  g_autoptr (GRand) second = NULL;

  g_setenv ("DPDK_TEST_SEED", "4711", TRUE);
  g_assert_cmpuint (dpdk_test_get_seed (), ==, 4711);
  first = dpdk_test_random_new ();
  second = dpdk_test_random_new ();
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (g_rand_int (first), ==, g_rand_int (second));
}

static void
test_scale (void)
{
  g_unsetenv ("DPDK_TEST_SCALE");
  g_assert_cmpuint (dpdk_test_scale (1000), ==, 1000);
  g_setenv ("DPDK_TEST_SCALE", "0.1", TRUE);
  g_assert_cmpuint (dpdk_test_scale (1000), ==, 100);
  g_assert_cmpuint (dpdk_test_scale (3), ==, 1);
  g_setenv ("DPDK_TEST_SCALE", "2", TRUE);
  g_assert_cmpuint (dpdk_test_scale (3), ==, 6);
  g_setenv ("DPDK_TEST_SCALE", "nonsense", TRUE);
  g_assert_cmpuint (dpdk_test_scale (3), ==, 3);
}

static gboolean
count_down (gpointer user_data)
{
  guint *n = user_data;

  return --*n == 0;
}

static gboolean
set_true (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
is_true (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
test_wait (void)
{
  gboolean is_set = FALSE;
  guint n = 3;

  g_assert_true (dpdk_test_wait_until (count_down, &n));
  g_idle_add (set_true, &is_set);
  g_assert_true (dpdk_test_wait_until (is_true, &is_set));
  g_setenv ("DPDK_TEST_PATIENCE", "0.01", TRUE);
  is_set = FALSE;
  g_assert_false (dpdk_test_wait_until (is_true, &is_set));
}

/* plain tests: what they test cannot test itself */
/* where everything takes twice as long, a test may do so, too */
static void
test_patience (void)
{
  gboolean passes;
  g_autofree char *output = run_victim ("/victim/hang", NULL, "40", &passes);

  g_assert_false (passes);
  if (strstr (output, "has not ended within 8 s") == NULL)
    g_error ("the test had another time: %s", output);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/testing/isolation/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/testing/isolation/others-go-on", test_others_go_on);
  g_test_add_func ("/testing/isolation/patience", test_patience);
  g_test_add_func ("/testing/isolation/temporary", test_temporary);
  g_test_add_func ("/testing/seed", test_seed);
  g_test_add_func ("/testing/scale", test_scale);
  g_test_add_func ("/testing/wait", test_wait);
  return g_test_run ();
}
