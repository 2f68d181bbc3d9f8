/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the example "nbd-server" against libnbd, its tools, those of QEMU, and clients that mean no good */
#include "net-fixture.h"
#include "net-kernel.h"
#include "net-loop.h"
#include "net-program.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define PORT 10809
#define MEBIBYTE (1024 * 1024)
#define OTHER_SIZE 12345
#define DEVICE_SIZE (8 * MEBIBYTE)

/* as the default one, but for two workers */
static const char json[] =
    "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
    " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"],"
    " \"gateway_v4\": \"198.18.0.1\"}]}";

typedef struct {
  const char *name;
  const char *options;
  guint64 size;
  rlim_t file_limit;
  gboolean has_two_workers;
} Case;

typedef struct {
  DpdkTestProcess *process;
  char *folder;
  char *path;
} Server;

/* a file of @size bytes, the first @n_random of which are random */
static void
make_file (const char *path, guint64 size, gsize n_random)
{
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autofree guint32 *data = g_malloc (n_random + sizeof (guint32));
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < n_random / sizeof *data; i++)
    data[i] = g_rand_int (random);
  g_file_set_contents (path, (const char *) data, (gssize) n_random, &error);
  g_assert_no_error (error);
  net_run ("truncate -s %" G_GUINT64_FORMAT " '%s'", size, path);
}

/* @device: what is served in place of a file */
static void
start_as (Server *self, const Case *how, const char *device)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *config = NULL;
  g_autofree char *other = NULL;
  g_autofree char *arguments = NULL;
  g_autofree char *text = NULL;
  struct rlimit old, limit;

  self->folder = g_dir_make_tmp ("dpdk-nbd-XXXXXX", &error);
  g_assert_no_error (error);
  other = g_build_filename (self->folder, "other.img", NULL);
  if (device != NULL)
    self->path = g_strdup (device);
  else
    {
      self->path = g_build_filename (self->folder, "disk.img", NULL);
      make_file (self->path, how->size, how->size / 2);
    }
  text = g_strnfill (OTHER_SIZE, 'o');
  g_file_set_contents (other, text, OTHER_SIZE, &error);
  g_assert_no_error (error);

  config = g_build_filename (self->folder, "config.json", NULL);
  g_file_set_contents (config, json, -1, &error);
  g_assert_no_error (error);

  arguments = g_strdup_printf ("--port %d --export-name disk --export 'other=%s' %s%s %s '%s'",
                               PORT, other, how->has_two_workers ? "--config " : "",
                               how->has_two_workers ? config : "", how->options, self->path);
  getrlimit (RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = how->file_limit;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  self->process = net_program_start ("nbd-server", arguments);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  net_program_wait_for_output (self->process, "\nready\n");
  net_kernel_up_default ();
}

static void
start (Server *self, const char *options, guint64 size)
{
  start_as (self, &(const Case){ NULL, options, size, RLIM_INFINITY, FALSE }, NULL);
}

static guint64
get_figure (const char *output, const char *name)
{
  g_autofree char *key = g_strconcat ("\n", name, ": ", NULL);
  /* it may have told them before */
  const char *found = g_strrstr (output, key);

  if (found == NULL)
    g_error ("there is no \"%s\" in: %s", name, output);
  return g_ascii_strtoull (found + strlen (key), NULL, 10);
}

/* each request has ended in one way */
static void
assert_sums (const char *output)
{
  static const char *const ends[] = { "reads",  "writes",   "flushes", "trims",    "caches",
                                      "zeroes", "statuses", "errors",  "abandoned" };
  guint64 sum = 0;

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    sum += get_figure (output, ends[i]);
  g_assert_cmpuint (get_figure (output, "requests"), ==, sum);
  g_assert_cmpuint (get_figure (output, "open"), ==, 0);
}

/* it ends well, which it does not if a buffer has not come home */
static char *
wait_for_end (Server *self)
{
  char *output = net_program_wait (self->process, NULL);

  assert_sums (output);
  net_run ("rm -r '%s'", self->folder);
  g_free (self->folder);
  g_free (self->path);
  return output;
}

static char *
stop (Server *self)
{
  dpdk_test_process_kill (self->process, SIGTERM);
  return wait_for_end (self);
}

/* what a client says that it has done is what the server says */
static void
assert_figures (const char *client, const char *server)
{
  g_auto (GStrv) lines = g_strsplit (client, "\n", -1);

  for (guint i = 0; lines[i] != NULL && strchr (lines[i], ':') != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (lines[i], ": ", 2);
      guint64 expected = g_ascii_strtoull (parts[1], NULL, 10);
      guint64 actual = get_figure (server, parts[0]);

      if (actual != expected)
        g_error ("%s are %" G_GUINT64_FORMAT ", and not %" G_GUINT64_FORMAT, parts[0], actual,
                 expected);
    }
}

static gboolean
has_program (const char *command)
{
  g_autofree char *output = NULL;
  int wait_status;

  output = net_run_for_output (&wait_status, "%s >/dev/null 2>&1", command);
  if (wait_status != 0)
    dpdk_test_skip (command);
  return wait_status == 0;
}

/* gives what they did, as the server's figures would be */
static char *
run_clients (Server *self, const char *name)
{
  static const NetFamily families[] = NET_FAMILIES;
  const char *script = g_getenv ("NET_NBD_CASES");
  int wait_status;
  char *output;

  g_assert_nonnull (script);
  output = net_run_for_output (&wait_status, "/usr/bin/python3 '%s' %s %d '%s' %s %u", script,
                               families[strlen (name) % 2].ours, PORT, self->path, name,
                               dpdk_test_get_seed ());
  g_assert_cmpint (wait_status, ==, 0);
  return output;
}

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autofree char *client = NULL;
  g_autofree char *output = NULL;
  Server server;

  if (!has_program ("/usr/bin/python3 -c 'import nbd'"))
    return;
  start_as (&server, self, NULL);
  client = run_clients (&server, self->name);
  output = stop (&server);
  assert_figures (client, output);
}

static void
compare (const char *a, const char *b)
{
  net_run ("cmp '%s' '%s'", a, b);
}

static void
test_copy (void)
{
  static const char *const uris[] = { "nbd://" NET_OUR_V4 "/disk", "nbd://[" NET_OUR_V6 "]" };
  guint64 size = dpdk_test_scale (20) * (guint64) MEBIBYTE;
  g_autofree char *info = NULL;
  g_autofree char *output = NULL;
  g_autofree char *copy = NULL;
  guint64 n_written = 0;
  int wait_status;
  Server server;

  if (!has_program ("nbdinfo --version && nbdcopy --version"))
    return;
  start (&server, "", size);
  copy = g_build_filename (server.folder, "copy", NULL);
  info = net_run_for_output (&wait_status, "nbdinfo --list --json nbd://%s", NET_OUR_V4);
  g_assert_cmpint (wait_status, ==, 0);
  g_assert_nonnull (strstr (info, "\"export-name\": \"disk\""));
  g_assert_nonnull (strstr (info, "\"export-name\": \"other\""));
  g_assert_nonnull (strstr (info, "\"structured\": true"));
  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      net_run ("nbdcopy '%s' '%s'", uris[i], copy);
      compare (server.path, copy);
      make_file (copy, size, size);
      net_run ("nbdcopy --flush %s '%s' '%s'", i == 0 ? "" : "--synchronous --no-extents", copy,
               uris[i]);
      compare (server.path, copy);
      n_written += size;
    }
  output = stop (&server);
  g_assert_cmpuint (get_figure (output, "written-bytes"), ==, n_written);
  g_assert_cmpuint (get_figure (output, "errors"), ==, 0);
  g_assert_cmpuint (get_figure (output, "violations"), ==, 0);
}

static void
assert_refused (const char *arguments, const char *text)
{
  g_autofree char *program = g_build_filename (g_getenv ("NET_EXAMPLES"), "nbd-server", NULL);
  g_autofree char *output = NULL;
  int wait_status;

  output = net_run_for_output (&wait_status, "'%s' %s 2>&1", program, arguments);
  g_assert_cmpint (wait_status, !=, 0);
  g_assert_nonnull (strstr (output, text));
}

static void
copy_device (Server *self, const char *file)
{
  g_autofree char *copy = g_build_filename (self->folder, "copy", NULL);

  net_run ("nbdcopy nbd://%s/disk '%s'", NET_OUR_V4, copy);
  compare (copy, file);
  make_file (copy, DEVICE_SIZE, DEVICE_SIZE);
  net_run ("nbdcopy --flush '%s' nbd://%s/disk", copy, NET_OUR_V4);
  compare (copy, file);
  net_run ("qemu-img compare -f raw -F raw '%s' nbd://%s/disk", copy, NET_OUR_V4);
}

/* a device that has sectors, knows no holes, and shows in a file what has come to it */
static void
test_device (void)
{
  static const Case how = { NULL, "--threads 4", 0, RLIM_INFINITY, TRUE };
  g_autofree char *client = NULL;
  g_autofree char *output = NULL;
  g_autofree char *file = NULL;
  g_autofree char *twice = NULL;
  g_autoptr (GError) error = NULL;
  Server server;
  NetLoop loop;

  if (!has_program ("/usr/bin/python3 -c 'import nbd'") ||
      !has_program ("nbdcopy --version && qemu-img --version"))
    return;
  net_kernel_close (g_file_open_tmp ("dpdk-nbd-XXXXXX", &file, &error));
  g_assert_no_error (error);
  make_file (file, DEVICE_SIZE, DEVICE_SIZE / 2);
  if (net_loop_open (&loop, file))
    {
      twice = g_strdup_printf ("--export x=%s %s", loop.path, loop.path);
      assert_refused (twice, "is that of");
      start_as (&server, &how, loop.path);
      client = run_clients (&server, "device");
      copy_device (&server, file);
      output = stop (&server);
      g_assert_cmpuint (get_figure (output, "written-bytes"), ==,
                        get_figure (client, "written-bytes") + DEVICE_SIZE);
      net_loop_close (&loop);
    }
  g_unlink (file);
}

static void
test_qemu (void)
{
  static const char uri[] = "nbd://" NET_OUR_V4 "/disk";
  g_autofree char *output = NULL;
  g_autofree char *image = NULL;
  Server server;

  if (!has_program ("qemu-img --version && qemu-io --version"))
    return;
  start (&server, "", 8 * MEBIBYTE);
  image = g_build_filename (server.folder, "image", NULL);
  net_run ("qemu-img convert -O qcow2 %s '%s'", uri, image);
  net_run ("qemu-img compare %s '%s'", uri, image);
  net_run ("qemu-io -f raw -c 'write -P 0xa5 1M 3M' -c 'write -f -P 0x5a 5000 512' "
           "-c 'write -z -u 2M 64k' -c 'discard 7M 1M' -c flush -c 'read -v -P 0xa5 1M 1M' "
           "-c 'read -P 0x5a 5000 512' -c 'read -P 0 2M 64k' %s >'%s.log'",
           uri, image);
  net_run ("! grep -i -e fail -e error '%s.log'", image);
  net_run ("qemu-img convert -n -f qcow2 -O raw '%s' %s", image, uri);
  net_run ("qemu-img compare -f raw -F qcow2 '%s' '%s'", server.path, image);
  output = stop (&server);
  g_assert_cmpuint (get_figure (output, "errors"), ==, 0);
  g_assert_cmpuint (get_figure (output, "writes"), >, 0);
  g_assert_cmpuint (get_figure (output, "zeroes"), >, 0);
}

static void
write_request (int fd, guint type, guint64 cookie, guint32 length)
{
  guint8 data[28] = { 0x25, 0x60, 0x95, 0x13, 0, 0, 0, (guint8) type };

  cookie = GUINT64_TO_BE (cookie);
  memcpy (data + 8, &cookie, sizeof cookie);
  length = GUINT32_TO_BE (length);
  memcpy (data + 24, &length, sizeof length);
  net_kernel_write (fd, data, sizeof data);
}

/* gives the error of a simple reply */
static guint
read_reply (int fd, guint64 *cookie, gsize length)
{
  g_autofree guint8 *data = g_malloc (MAX (length, 16));
  guint error;

  net_kernel_read (fd, data, 16);
  g_assert_cmpmem (data, 4, "\x67\x44\x66\x98", 4);
  error = data[7];
  memcpy (cookie, data + 8, sizeof *cookie);
  *cookie = GUINT64_FROM_BE (*cookie);
  if (error == 0)
    net_kernel_read (fd, data, length);
  return error;
}

static int
open_export (void)
{
  static const guint8 start_of_client[] = "\0\0\0\3IHAVEOPT\0\0\0\1\0\0\0\4disk";
  int fd = net_kernel_connect (NET_OUR_V4, PORT);
  guint8 data[28];

  net_kernel_write (fd, start_of_client, sizeof start_of_client - 1);
  net_kernel_read (fd, data, 18 + 10);
  return fd;
}

/* what was asked for before the end is answered, and what comes later is refused */
static void
test_stop (void)
{
  enum {
    N = 10,
    LENGTH = 200000,
  };
  g_autofree char *output = NULL;
  guint n_answered = 0, n_refused = 0;
  guint64 cookie;
  Server server;
  int fd, idle, early, error_number;

  start (&server, "", 4 * MEBIBYTE);
  fd = open_export ();
  idle = open_export ();
  early = net_kernel_connect (NET_OUR_V6, PORT);
  for (guint i = 0; i < N; i++)
    write_request (fd, 0, i, LENGTH);
  /* it is busy, and stays so until somebody reads */
  DPDK_TEST_WAIT_UNTIL (net_kernel_is_readable (fd));
  dpdk_test_process_kill (server.process, SIGUSR1);
  net_program_wait_for_output (server.process, "end of statistics");
  dpdk_test_process_kill (server.process, SIGTERM);
  net_program_wait_for_output (server.process, "ending");
  net_kernel_assert_at_end (idle);
  net_kernel_close (idle);
  g_assert_cmpint (net_kernel_try_connect (NET_OUR_V4, PORT, &error_number), ==, -1);
  write_request (fd, 3, N, 0);
  while (n_answered + n_refused < N + 1)
    {
      guint error = read_reply (fd, &cookie, LENGTH);

      g_assert_true (error == 0 || error == 108);
      g_assert_true (cookie < N || error == 108);
      if (error == 0)
        n_answered++;
      else
        n_refused++;
    }
  /* not all fit into the buffers and so some were still to be begun */
  g_assert_cmpuint (n_answered, >, 0);
  g_assert_cmpuint (n_refused, >, 0);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  net_kernel_close (early);
  output = wait_for_end (&server);
  g_assert_cmpuint (get_figure (output, "reads"), ==, n_answered);
  g_assert_cmpuint (get_figure (output, "errors"), ==, n_refused);
  g_assert_cmpuint (get_figure (output, "abandoned"), ==, 0);
}

/* with the ends of all in the middle of something */
static void
test_stop_busy (void)
{
  g_autofree char *output = NULL;
  Server server;
  int fds[10];

  start (&server, "", 4 * MEBIBYTE);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = open_export ();
      for (guint j = 0; j < 10; j++)
        write_request (fds[i], 0, j, 4 * MEBIBYTE);
    }
  /* none of them takes anything: the server does not wait for them for ever */
  output = stop (&server);
  g_assert_cmpuint (get_figure (output, "abandoned"), >, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    net_kernel_close (fds[i]);
}

/* more clients than there may be */
static void
test_too_many (void)
{
  g_autofree char *output = NULL;
  guint64 cookie;
  Server server;
  int fds[3], error_number;

  start (&server, "--max-connections 2", MEBIBYTE);
  fds[0] = open_export ();
  fds[1] = open_export ();
  /* the reset may be there as soon as the connection */
  fds[2] = net_kernel_try_connect (NET_OUR_V4, PORT, &error_number);
  if (fds[2] >= 0)
    {
      net_kernel_assert_reset (fds[2]);
      net_kernel_close (fds[2]);
    }
  else
    {
      g_assert_cmpint (error_number, ==, ECONNRESET);
    }
  for (guint i = 0; i < 2; i++)
    {
      write_request (fds[i], 3, 5, 0);
      g_assert_cmpuint (read_reply (fds[i], &cookie, 0), ==, 0);
      g_assert_cmpuint (cookie, ==, 5);
      net_kernel_close (fds[i]);
    }
  output = stop (&server);
  g_assert_cmpuint (get_figure (output, "refused"), ==, 1);
  g_assert_cmpuint (get_figure (output, "flushes"), ==, 2);
}

/* a client that does not say what it wants does not stay */
static void
test_silent (void)
{
  g_autofree char *output = NULL;
  guint8 greeting[18];
  guint64 cookie;
  Server server;
  int fd, silent;

  start (&server, "--timeout 3", MEBIBYTE);
  fd = open_export ();
  silent = net_kernel_connect (NET_OUR_V4, PORT);
  net_kernel_read (silent, greeting, sizeof greeting);
  net_kernel_assert_at_end (silent);
  net_kernel_close (silent);
  write_request (fd, 3, 1, 0);
  g_assert_cmpuint (read_reply (fd, &cookie, 0), ==, 0);
  net_kernel_close (fd);
  output = stop (&server);
  g_assert_cmpuint (get_figure (output, "violations"), ==, 1);
}

static void
test_refusals (void)
{
  assert_refused ("/no/such/file", "/no/such/file");
  assert_refused ("/", "/");
  assert_refused ("/dev/null", "/dev/null");
  assert_refused ("--export x /etc/passwd", "'x' is not NAME=FILE");
  assert_refused ("--export x=/etc/passwd /etc/passwd", "is that of");
  assert_refused ("--export =/etc/group /etc/passwd", "two exports");
  assert_refused ("--config /no/such/file /etc/passwd", "/no/such/file");
  assert_refused ("", "Usage");
  assert_refused ("--port 0 /etc/passwd", "Usage");
}

static const Case cases[] = {
  { "info", "", MEBIBYTE, RLIM_INFINITY, FALSE },
  { "io", "--buffers 1 --threads 3", 4 * MEBIBYTE, RLIM_INFINITY, TRUE },
  { "errors", "", 4 * MEBIBYTE, RLIM_INFINITY, FALSE },
  { "read_only", "--read-only", 4 * MEBIBYTE, RLIM_INFINITY, FALSE },
  { "full", "", 4 * MEBIBYTE, 65536, FALSE },
  { "truncated", "", 4 * MEBIBYTE, RLIM_INFINITY, FALSE },
  { "sparse", "", 4 * MEBIBYTE, RLIM_INFINITY, FALSE },
  { "flight", "--threads 8", 4 * MEBIBYTE, RLIM_INFINITY, TRUE },
  { "flush", "", 4 * MEBIBYTE, RLIM_INFINITY, FALSE },
  { "cache", "--buffers 1", 2 * MEBIBYTE, RLIM_INFINITY, FALSE },
  { "options", "", MEBIBYTE, RLIM_INFINITY, FALSE },
  { "wire", "", MEBIBYTE, RLIM_INFINITY, FALSE },
  { "pressure", "", 17 * MEBIBYTE, RLIM_INFINITY, FALSE },
  { "hostile", "", MEBIBYTE, RLIM_INFINITY, TRUE },
  { "killed", "", 16 * MEBIBYTE, RLIM_INFINITY, TRUE },
};

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/net/nbd/", cases[i].name, NULL);

      dpdk_test_add_data_func (path, DPDK_TEST_FLAGS_NETWORK, &cases[i], test_case);
    }
  dpdk_test_add_func ("/net/nbd/copy", DPDK_TEST_FLAGS_NETWORK, test_copy);
  dpdk_test_add_func ("/net/nbd/device", DPDK_TEST_FLAGS_NETWORK, test_device);
  dpdk_test_add_func ("/net/nbd/qemu", DPDK_TEST_FLAGS_NETWORK, test_qemu);
  dpdk_test_add_func ("/net/nbd/stop", DPDK_TEST_FLAGS_NETWORK, test_stop);
  dpdk_test_add_func ("/net/nbd/stop-busy", DPDK_TEST_FLAGS_NETWORK, test_stop_busy);
  dpdk_test_add_func ("/net/nbd/too-many", DPDK_TEST_FLAGS_NETWORK, test_too_many);
  dpdk_test_add_func ("/net/nbd/silent", DPDK_TEST_FLAGS_NETWORK, test_silent);
  dpdk_test_add_func ("/net/nbd/refusals", DPDK_TEST_FLAGS_NETWORK, test_refusals);
  return g_test_run ();
}
