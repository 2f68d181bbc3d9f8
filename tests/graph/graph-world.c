/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-world.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

/* the cores that this process may use, one after the other */
static guint
choose_core (guint seed, guint *n_cores)
{
  cpu_set_t set;
  guint n;

  CPU_ZERO (&set);
  g_assert_cmpint (sched_getaffinity (0, sizeof set, &set), ==, 0);
  *n_cores = (guint) CPU_COUNT (&set);
  n = seed % *n_cores;
  for (guint cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET (cpu, &set) && n-- == 0)
      return cpu;
  return 0;
}

static char *
get_vdev (const WorldOptions *options)
{
  if (strcmp (options->device, "net_null") == 0)
    /* it gives packets for ever, unless told not to */
    return g_strdup_printf ("net_null%u%s", options->number,
                            options->seed % 2 == 0 ? ",no-rx=1" : "");
  if (strcmp (options->device, "net_memif") == 0)
    /* a socket that another device has just closed may still be taken */
    return g_strdup_printf ("net_memif%u,role=server,id=%u,socket=graph%u", options->number,
                            options->number, options->number);
  if (strcmp (options->device, "net_tap") == 0)
    return g_strdup_printf ("net_tap%u,iface=graph%u", options->number, options->number);
  return g_strdup_printf ("%s%u", options->device, options->number);
}

DpdkConfig *
world_config_new (const WorldOptions *options, GError **error)
{
  g_autofree char *vdev = get_vdev (options);
  g_autofree char *text = NULL;
  g_autofree char *cores = NULL;
  guint n_cores, first = choose_core (options->seed / 2, &n_cores);

  /* sometimes there are two workers */
  if (options->seed / 128 % 4 == 0 && n_cores > 1)
    cores = g_strdup_printf ("%u,%u", first, choose_core (options->seed / 2 + 1, &n_cores));
  else
    cores = g_strdup_printf ("%u", first);
  text = g_strdup_printf ("{\"dpdk_cores\":[%s],\"devices\":[{\"vdev\":\"%s\","
                          "\"addresses\":[\"198.18.%u.2/24\",\"fd00:198:18:%u::2/64\"]}]}",
                          cores, vdev, options->number, options->number);
  return dpdk_config_new_from_data (text, -1, error);
}

char **
world_eal_args (const WorldOptions *options)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  /* with hugepages the library has to choose by itself */
  if (!options->huge)
    g_strv_builder_add_many (builder, "--no-huge", "-m64", NULL);
  if (options->file_prefix != NULL)
    g_strv_builder_add_many (builder, "--file-prefix", options->file_prefix, NULL);
  return g_strv_builder_end (builder);
}

DpdkRuntime *
world_runtime_new (const WorldOptions *options, GError **error)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (DpdkConfig) config = world_config_new (options, error);
  g_auto (GStrv) args = world_eal_args (options);

  if (config == NULL)
    return NULL;
  dpdk_runtime_builder_set_config (builder, config);
  dpdk_runtime_builder_add_eal_args (builder, (const char *const *) args);
  dpdk_runtime_builder_set_mempool_size (builder, WORLD_MEMPOOL_SIZE);
  dpdk_runtime_builder_set_cache_size (builder, options->no_cache ? 0 : 64);
  dpdk_runtime_builder_set_idle_policy (
      builder, options->seed / 4 % 4 == 0 ? DPDK_IDLE_POLICY_BUSY_POLL : DPDK_IDLE_POLICY_ADAPTIVE);
  return dpdk_runtime_builder_build (builder, error);
}

void
world_check_memory (const WorldOptions *options)
{
  g_autoptr (DpdkEal) eal = dpdk_eal_dup_current ();

  g_assert_nonnull (eal);
  g_assert_cmpint (g_strv_contains (dpdk_eal_get_args (eal), "--in-memory"), ==, options->huge);
  g_assert_cmpint (g_strv_contains (dpdk_eal_get_args (eal), "--no-huge"), ==, !options->huge);
}

void
world_open (World *world, const WorldOptions *options)
{
  g_autoptr (GError) error = NULL;
  static const guint8 bytes[] = "a packet";

  if (options->eal_first)
    {
      g_auto (GStrv) args = world_eal_args (options);

      world->eal = dpdk_eal_new ((const char *const *) args, &error);
      g_assert_no_error (error);
    }
  world->runtime = world_runtime_new (options, &error);
  g_assert_no_error (error);
  if (world->eal == NULL)
    world->eal = dpdk_runtime_dup_eal (world->runtime);
  world->port = dpdk_runtime_dup_port (world->runtime, 0);
  world->mempool = g_object_ref (dpdk_port_get_mempool (world->port));
  world->packet = dpdk_mempool_acquire (world->mempool, &error);
  g_assert_no_error (error);
  dpdk_packet_append (world->packet, bytes, sizeof bytes, &error);
  g_assert_no_error (error);
  world_check_memory (options);
}

static void
check_accepted (DpdkTcpConnection *connection)
{
  g_assert_nonnull (connection);
  g_assert_true (dpdk_tcp_connection_is_connected (connection));
}

/* the runtime talks to itself: this works on every device */
void
world_connect (World *world, const WorldOptions *options)
{
  g_autofree char *name = g_strdup_printf (
      options->seed / 16 % 2 == 0 ? "198.18.%u.2" : "fd00:198:18:%u::2", options->number);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (name, WORLD_PORT);
  g_autoptr (GError) error = NULL;

  world->listener = dpdk_tcp_listener_new (world->runtime, address, 4, &error);
  g_assert_no_error (error);
  world->socket =
      dpdk_tcp_socket_new (world->runtime, g_socket_address_get_family (address), &error);
  g_assert_no_error (error);
  world->connection = dpdk_tcp_socket_connect (world->socket, address, NULL, &error);
  g_assert_no_error (error);
  world->peer = dpdk_tcp_listener_accept (world->listener, NULL, &error);
  g_assert_no_error (error);
  check_accepted (world->connection);
  check_accepted (world->peer);
}

static void
send_and_receive (DpdkTcpConnection *from, DpdkTcpConnection *to, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *sent = g_malloc (size);
  g_autofree guint8 *received = g_malloc0 (size);
  gsize n;

  for (gsize i = 0; i < size; i++)
    sent[i] = (guint8) (i * 7 + size);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (from)), sent, size, &n,
                             NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (to)), received, size, &n,
                           NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (sent, size, received, n);
}

void
world_exchange (World *world, gsize size)
{
  send_and_receive (world->connection, world->peer, size);
  send_and_receive (world->peer, world->connection, size);
}

void
world_drop_sockets (World *world, guint seed)
{
  GObject **const objects[] = {
    (GObject **) (void *) &world->socket,
    (GObject **) (void *) &world->connection,
    (GObject **) (void *) &world->listener,
    (GObject **) (void *) &world->peer,
  };

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    g_clear_object (objects[(i + seed) % G_N_ELEMENTS (objects)]);
}

void
world_drop_all (World *world, guint seed)
{
  world_drop_sockets (world, seed);
  g_clear_object (&world->runtime);
  g_clear_pointer (&world->packet, dpdk_packet_unref);
  g_clear_object (&world->port);
  g_clear_object (&world->mempool);
  g_clear_object (&world->eal);
}

typedef struct {
  DpdkTcpConnection *connection;
  gboolean begins;
} Half;

static struct {
  GMutex lock;
  GCond progress;
  guint64 n_turns;
  GThread *threads[2];
} traffic;

/* to and fro: what one half sends comes back from the other */
static gpointer
traffic_thread (gpointer data)
{
  Half *half = data;
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (half->connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (half->connection));
  guint8 bytes[3000] = { 0 };
  gboolean sends = half->begins, works = TRUE;
  gsize n;

  for (; works; sends = !sends)
    {
      if (sends)
        works = g_output_stream_write_all (output, bytes, sizeof bytes, &n, NULL, NULL);
      else
        works = g_input_stream_read_all (input, bytes, sizeof bytes, &n, NULL, NULL) &&
                n == sizeof bytes;
      if (works && half->begins && !sends)
        {
          g_mutex_lock (&traffic.lock);
          traffic.n_turns++;
          g_cond_broadcast (&traffic.progress);
          g_mutex_unlock (&traffic.lock);
        }
    }
  g_object_unref (half->connection);
  g_free (half);
  return NULL;
}

/* two threads that send to and fro until the connection ends; they hold what they use */
void
world_start_exchange (DpdkTcpConnection *connection, DpdkTcpConnection *peer, GThread *threads[2])
{
  DpdkTcpConnection *const ends[] = { connection, peer };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      Half *half = g_new0 (Half, 1);

      half->connection = g_object_ref (ends[i]);
      half->begins = i == 0;
      threads[i] = g_thread_new ("traffic", traffic_thread, half);
    }
}

void
world_start_traffic (World *world, gboolean wait)
{
  world_start_exchange (world->connection, world->peer, traffic.threads);
  if (wait)
    world_wait_traffic ();
}

void
world_wait_traffic (void)
{
  guint64 goal;

  g_mutex_lock (&traffic.lock);
  goal = traffic.n_turns + 3;
  while (traffic.n_turns < goal)
    g_cond_wait (&traffic.progress, &traffic.lock);
  g_mutex_unlock (&traffic.lock);
}

void
world_join_traffic (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (traffic.threads); i++)
    g_clear_pointer (&traffic.threads[i], g_thread_join);
}

gboolean
world_wait_dead (guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;

  while (dpdk_eal_get_process_state () != DPDK_EAL_STATE_DEAD)
    {
      if (g_get_monotonic_time () > deadline)
        return FALSE;
      g_usleep (1000);
    }
  return TRUE;
}

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

guint
world_count_fds (void)
{
  return count_entries ("/proc/self/fd");
}

guint
world_count_threads (void)
{
  return count_entries ("/proc/self/task");
}

void
world_ready (void)
{
  static const char word[] = "ready\n";

  g_assert_cmpint (write (STDOUT_FILENO, word, strlen (word)), ==, strlen (word));
}
