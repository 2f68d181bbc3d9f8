/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a child of a process with an EAL owns nothing of it */
#include "eal-fixture.h"

#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX "forking"
#define TELEMETRY "dpdk_telemetry.v2"
#define BLOCK 4096
#define N_BLOCKS 12

/* of the children, once there are some */
static pid_t parent;

#if defined(__SANITIZE_ADDRESS__)
int __lsan_is_turned_off (void);

/* a child looks as if it had leaked all that only the threads of its parent know of */
int
__lsan_is_turned_off (void)
{
  return parent != 0 && getpid () != parent;
}
#endif

/* one of each kind */
typedef struct {
  DpdkEal *eal;
  DpdkMempool *pool;
  DpdkPort *port;
  DpdkPacket *packet;
  GBytes *bytes;
  DpdkLcore *lcore;
  DpdkTestPair *pair;
  DpdkTcpConnection *connection;
  DpdkTcpConnection *accepted;
} World;

static void
world_open (World *self)
{
  g_autoptr (DpdkTestLink) link = NULL;
  g_autoptr (GError) error = NULL;

  self->eal = eal_build_ok (&(EalSettings){
      .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .memory = 256, .prefix = PREFIX, .telemetry = TRUE });
  self->pool = eal_mempool_new (self->eal);
  self->port = dpdk_port_new (self->eal, "net_ring7", &error);
  g_assert_no_error (error);
  self->packet = dpdk_packet_new_from_data (self->pool, (const guint8 *) "data", 4, &error);
  g_assert_no_error (error);
  self->bytes = dpdk_packet_to_bytes (self->packet);
  self->lcore = dpdk_lcore_register (self->eal, &error);
  g_assert_no_error (error);
  link = dpdk_test_link_new (self->eal, 1, &error);
  g_assert_no_error (error);
  self->pair = dpdk_test_pair_new (link, &error);
  g_assert_no_error (error);
  dpdk_test_pair_connect (self->pair, 0, G_SOCKET_FAMILY_IPV4, &self->connection, &self->accepted,
                          &error);
  g_assert_no_error (error);
}

static void
world_drop (World *self)
{
  g_clear_object (&self->connection);
  g_clear_object (&self->accepted);
  g_clear_object (&self->pair);
  g_clear_pointer (&self->lcore, dpdk_lcore_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->packet, dpdk_packet_unref);
  g_clear_object (&self->port);
  g_clear_object (&self->pool);
  g_clear_object (&self->eal);
}

static void
transfer (DpdkTcpConnection *from, DpdkTcpConnection *to)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (from));
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (to));
  guint8 sent[BLOCK], received[BLOCK];

  for (guint i = 0; i < N_BLOCKS; i++)
    {
      g_autoptr (GError) error = NULL;

      memset (sent, (int) i + 1, sizeof sent);
      memset (received, 0, sizeof received);
      g_output_stream_write_all (output, sent, sizeof sent, NULL, NULL, &error);
      g_assert_no_error (error);
      g_input_stream_read_all (input, received, sizeof received, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (sent, sizeof sent, received, sizeof received);
    }
}

static gboolean
telemetry_answers (void)
{
  g_autofree char *path = g_build_filename (eal_get_runtime_folder (), PREFIX, TELEMETRY, NULL);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketConnection) connection = NULL;
  char answer[1024];

  g_socket_client_set_socket_type (client, G_SOCKET_TYPE_SEQPACKET);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  return connection != NULL &&
         g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer,
                              sizeof answer, NULL, NULL) > 0;
}

/* all that the parent has works as before */
static void
world_check (World *self)
{
  g_autofree char *folder = g_build_filename (eal_get_runtime_folder (), PREFIX, NULL);
  g_autoptr (DpdkMempool) pool = NULL;
  g_autoptr (GError) error = NULL;

  transfer (self->connection, self->accepted);
  transfer (self->accepted, self->connection);
  g_assert_true (telemetry_answers ());
  g_assert_cmpuint (eal_count_entries (folder), ==, 1);
  g_assert_cmpint (dpdk_eal_get_state (self->eal), ==, DPDK_EAL_STATE_UP);
  g_assert_cmpuint (dpdk_mempool_get_in_use (self->pool), ==, 1);
  g_assert_cmpmem (g_bytes_get_data (self->bytes, NULL), g_bytes_get_size (self->bytes), "data", 4);
  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_REGISTERED);
  g_assert_true (dpdk_port_configure (self->port, self->pool, 1, 128, &error));
  g_assert_no_error (error);
  pool = eal_mempool_new (self->eal);
}

typedef enum {
  CHILD_ENDS_AT_ONCE,
  CHILD_EXITS,
  CHILD_DROPS_ALL,
  CHILD_TRIES_ALL,
  N_CHILD_ENDS,
} ChildEnd;

/* everything is refused with an error that says why, and nothing waits */
static void
try_all (World *self)
{
  static const char refusal[] = "*belongs to the parent of this process*";
  g_autoptr (GPtrArray) dependants = dpdk_eal_dup_dependants (self->eal);
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_eal_new (NULL, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, refusal);
  g_assert_false (dpdk_eal_shutdown (self->eal, EAL_PATIENCE_MS, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, refusal);
  g_assert_null (dpdk_mempool_new (self->eal, 63, 0, 2048, -1, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, refusal);
  g_assert_null (dpdk_port_new (self->eal, "net_null7", &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, refusal);
  g_assert_null (dpdk_lcore_register (self->eal, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, refusal);
  g_assert_false (dpdk_port_configure (self->port, self->pool, 1, 128, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, refusal);
  g_assert_null (dpdk_mempool_acquire (self->pool, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, refusal);
  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_EXTERNAL);
  g_assert_null (dpdk_lcore_get_current ());
}

static void
run_child (World *self, ChildEnd end)
{
  if (end == CHILD_ENDS_AT_ONCE)
    _exit (0);
  /* an assertion aborts the child */
  if (end == CHILD_TRIES_ALL)
    try_all (self);
  if (end == CHILD_DROPS_ALL || end == CHILD_TRIES_ALL)
    {
      world_drop (self);
      g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
    }
  exit (0);
}

static void
wait_for_child (pid_t pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

static void
test_fork (void)
{
  World world = { 0 };

  dpdk_test_ignore_fds (EAL_N_TELEMETRY_FDS);
  world_open (&world);
  world_check (&world);
  parent = getpid ();
  for (ChildEnd end = 0; end < N_CHILD_ENDS; end++)
    {
      pid_t pid = fork ();

      g_assert_no_errno (pid);
      if (pid == 0)
        run_child (&world, end);
      /* while the child ends, and after it */
      transfer (world.connection, world.accepted);
      wait_for_child (pid);
      world_check (&world);
    }
  world_drop (&world);
}

static gpointer
make_noise (gpointer data)
{
  DpdkEal *eal = data;

  while (dpdk_eal_get_state (eal) == DPDK_EAL_STATE_UP)
    {
      g_autoptr (GPtrArray) dependants = dpdk_eal_dup_dependants (eal);
      g_autoptr (DpdkLcore) lcore = dpdk_lcore_register (eal, NULL);
      g_autoptr (DpdkMempool) pool = dpdk_mempool_new (eal, 15, 0, 128, -1, NULL);
    }
  g_object_unref (eal);
  return NULL;
}

/* no lock of the library is ever held by a thread that the child does not have */
static void
test_fork_amid (void)
{
  DpdkEal *eal = eal_new ();
  DpdkMempool *pool = eal_mempool_new (eal);
  GThread *threads[3];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("noise", make_noise, g_object_ref (eal));
  parent = getpid ();
  for (guint i = 0; i < dpdk_test_scale (60); i++)
    {
      pid_t pid = fork ();

      g_assert_no_errno (pid);
      if (pid == 0)
        {
          g_assert_null (dpdk_lcore_register (eal, NULL));
          g_assert_null (dpdk_mempool_acquire (pool, NULL));
          g_assert_false (dpdk_eal_shutdown (eal, EAL_PATIENCE_MS, NULL));
          g_object_unref (pool);
          g_object_unref (eal);
          exit (0);
        }
      wait_for_child (pid);
    }
  g_object_unref (pool);
  dpdk_eal_shutdown (eal, EAL_PATIENCE_MS, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_finalize_object (eal);
}

static gpointer
start (gpointer data)
{
  return eal_new ();
}

static gboolean
has_thread (const char *name)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
      g_autofree char *comm = NULL;

      if (g_file_get_contents (path, &comm, NULL, NULL) && g_str_equal (g_strchomp (comm), name))
        return TRUE;
    }
  return FALSE;
}

/* the child of a process that is starting does not wait for what never comes */
static void
test_fork_while_starting (void)
{
  GThread *thread = g_thread_new ("starter", start, NULL);
  DpdkEal *eal;

  parent = getpid ();
  DPDK_TEST_WAIT_UNTIL (has_thread ("dpdk-owner"));
  do
    {
      pid_t pid = fork ();

      g_assert_no_errno (pid);
      if (pid == 0)
        {
          g_autoptr (GError) error = NULL;

          g_assert_null (dpdk_eal_new (NULL, &error));
          eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, "*belongs to the parent*");
          _exit (0);
        }
      wait_for_child (pid);
    }
  while (dpdk_eal_get_process_state () == DPDK_EAL_STATE_NEVER);
  eal = g_thread_join (thread);
  eal_end (eal);
}

/* a child that is made before there is an EAL has one of its own */
static void
test_fork_before (void)
{
  DpdkEal *eal;
  g_autoptr (GError) error = NULL;
  pid_t pid;

#if defined(__SANITIZE_THREAD__)
  dpdk_test_skip (
      "the thread sanitizer cannot follow what the child of a process with threads starts");
  return;
#endif
  /* the library has seen an attempt, which DPDK has not */
  g_assert_null (eal_build (&(EalSettings){ .args = { "--no-such-thing" } }, &error));
  parent = getpid ();
  pid = fork ();
  g_assert_no_errno (pid);
  eal = eal_new ();
  eal_end (eal);
  if (pid == 0)
    exit (0);
  wait_for_child (pid);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/eal-fork/every-way", DPDK_TEST_FLAGS_NONE, test_fork);
  dpdk_test_add_func ("/eal-fork/amid", DPDK_TEST_FLAGS_NONE, test_fork_amid);
  dpdk_test_add_func ("/eal-fork/while-starting", DPDK_TEST_FLAGS_NONE, test_fork_while_starting);
  dpdk_test_add_func ("/eal-fork/before", DPDK_TEST_FLAGS_NONE, test_fork_before);
  return g_test_run ();
}
