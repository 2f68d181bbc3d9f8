/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ports and pools: what they refuse, and how they run dry */

#define N_FRAMES 4000
#define TIMEOUT_US (100 * G_USEC_PER_SEC)

static DpdkEal *
open_eal (const WorldOptions *options)
{
  g_auto (GStrv) args = world_eal_args (options);
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new ((const char *const *) args, &error);

  g_assert_no_error (error);
  return eal;
}

typedef struct {
  const char *devargs;
  int code;
  const char *message;
} BadDevice;

static const BadDevice bad_devices[] = {
  { "", DPDK_ERROR_INVALID_ARGUMENT, "*names no device*" },
  { ",iface=x", DPDK_ERROR_INVALID_ARGUMENT, "*names no device*" },
  { "net_nosuch0", DPDK_ERROR_NO_DEVICE, "*net_nosuch0*" },
  { "nonsense", DPDK_ERROR_NO_DEVICE, "*nonsense*" },
  { "0000:ff:1f.7", DPDK_ERROR_NO_DEVICE, "*0000:ff:1f.7*" },
  /* what the driver alone can explain */
  { "net_null0,nonsense=1", DPDK_ERROR_FAILED, "*net_null0,nonsense=1*" },
  { "net_tap0,iface=a-name-that-is-much-too-long", DPDK_ERROR_FAILED, "*invalid*much-too-long*" },
  { "net_memif0,role=nonsense", DPDK_ERROR_FAILED, "*Unknown role: nonsense*" },
  { "net_ring0,nodeaction=nonsense", DPDK_ERROR_FAILED, "*could not parse*nonsense*" },
  { "net_af_packet0,iface=nosuch", DPDK_ERROR_NO_DEVICE, "*net_af_packet0,iface=nosuch*" },
};

/* a device that cannot be opened leaves nothing: the next one can, by the same name too */
static int
bad_device (World *world, const ChildOptions *options)
{
  const BadDevice *device = &bad_devices[options->number];
  static const char *const good_devices[] = { "net_tap0,iface=graph0", "net_ring0", "net_memif0" };
  g_autoptr (DpdkEal) eal = open_eal (&options->world);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL;

  g_assert_cmpint (options->number, <, G_N_ELEMENTS (bad_devices));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (dpdk_port_new (eal, device->devargs, &error));
      child_check_error (&error, DPDK_ERROR, device->code, device->message);
    }
  names = dpdk_eal_dup_dependants (eal);
  g_assert_cmpuint (names->len, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (good_devices); i++)
    {
      g_autoptr (DpdkPort) port = dpdk_port_new (eal, good_devices[i], &error);

      g_assert_no_error (error);
      g_assert_nonnull (dpdk_port_get_driver (port));
    }
  return 0;
}

static int
device_taken (World *world, const ChildOptions *options)
{
  g_autoptr (DpdkEal) eal = open_eal (&options->world);
  g_autoptr (DpdkPort) port = NULL;
  g_autoptr (GError) error = NULL;

  port = dpdk_port_new (eal, "net_tap0,iface=graph0", &error);
  g_assert_no_error (error);
  g_assert_null (dpdk_port_new (eal, "net_tap0,iface=graph1", &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EXISTS, "*net_tap0,iface=graph1*open already*");
  g_assert_null (dpdk_port_new (eal, "net_tap1,iface=graph0", &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_EXISTS, "*net_tap1,iface=graph0*exists*");
  /* closed explicitly or by its last drop, the name is free again */
  g_assert_true (dpdk_port_close (port, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DpdkPort) again = dpdk_port_new (eal, "net_tap0,iface=graph0", &error);

      g_assert_no_error (error);
    }
  return 0;
}

static void
check_closed (DpdkPort *port, DpdkMempool *mempool)
{
  DpdkPortStatistics statistics;
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = NULL;

  g_assert_false (dpdk_port_configure (port, mempool, 1, 128, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_CLOSED, "*is closed*");
  g_assert_false (dpdk_port_start (port, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_CLOSED, "*is closed*");
  g_assert_false (dpdk_port_stop (port, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_CLOSED, "*is closed*");
  g_assert_false (dpdk_port_get_statistics (port, &statistics, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_CLOSED, "*is closed*");
  g_assert_cmpuint (dpdk_port_rx_burst (port, 0, &packet, 1), ==, 0);
  /* what it was can still be told */
  g_assert_nonnull (dpdk_port_get_driver (port));
  g_assert_null (dpdk_port_get_mempool (port));
  g_assert_true (dpdk_port_close (port, &error));
  g_assert_no_error (error);
}

static int
port_states (World *world, const ChildOptions *options)
{
  g_autoptr (DpdkEal) eal = open_eal (&options->world);
  g_autoptr (DpdkMempool) mempool = NULL;
  g_autoptr (DpdkMempool) small = NULL;
  g_autoptr (DpdkPort) port = NULL;
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  mempool = dpdk_mempool_new (eal, 1023, 0, 2048, -1, &error);
  g_assert_no_error (error);
  small = dpdk_mempool_new (eal, 63, 0, 100, -1, &error);
  g_assert_no_error (error);
  port = dpdk_port_new (eal, "net_ring0", &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_port_start (port, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, "*not configured*");
  g_assert_false (dpdk_port_configure (port, mempool, 0, 128, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, "*0 queues*");
  g_assert_false (dpdk_port_configure (port, mempool, 10000, 128, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, "*10000 queues*");
  g_assert_false (dpdk_port_configure (port, small, 1, 128, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, "*100 bytes*too small*");
  dpdk_port_configure (port, mempool, 1, 128, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      dpdk_port_start (port, &error);
      g_assert_no_error (error);
    }
  g_assert_false (dpdk_port_configure (port, mempool, 1, 128, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_BUSY, "*is started*");
  packet = dpdk_mempool_acquire (mempool, &error);
  g_assert_cmpuint (dpdk_port_tx_burst (port, 0, &packet, 1), ==, 1);
  packet = NULL;
  g_assert_cmpuint (dpdk_port_rx_burst (port, 0, &packet, 1), ==, 1);
  g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), ==, 1);
  /* what is in the device when it is closed comes home, too */
  g_assert_cmpuint (dpdk_port_tx_burst (port, 0, &packet, 1), ==, 1);
  g_assert_true (dpdk_port_close (port, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), ==, 0);
  check_closed (port, mempool);
  return 0;
}

/* the workers poll it, so it is theirs */
static int
port_busy (World *world, const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;

  world_open (world, &options->world);
  world_connect (world, &options->world);
  g_assert_false (dpdk_port_stop (world->port, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_BUSY, "*polled by workers*");
  g_assert_false (dpdk_port_close (world->port, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_BUSY, "*polled by workers*");
  world_exchange (world, 1000);
  world_drop_sockets (world, 0);
  g_assert_true (dpdk_runtime_shutdown (world->runtime, 20000, &error));
  g_assert_no_error (error);
  g_assert_true (dpdk_port_is_started (world->port));
  g_assert_true (dpdk_port_close (world->port, &error));
  g_assert_no_error (error);
  check_closed (world->port, world->mempool);
  world_drop_all (world, 0);
  return 0;
}

static void
drop_capabilities (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[2] = { { 0 } };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (syscall (SYS_capset, &header, none), ==, 0);
}

/* somebody with no right at all, in a program that was started by nobody else */
static void
become_nobody (void)
{
  static char scenario[] = "not-permitted", number[] = "--number=2";
  char *argv[] = { (char *) "/proc/self/exe", scenario, number, NULL };

  g_assert_cmpint (setresgid (65534, 65534, 65534), ==, 0);
  g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
  execv (argv[0], argv);
  g_assert_not_reached ();
}

static int
not_permitted (World *world, const ChildOptions *options)
{
  static const char *const usable[] = { "net_null", "net_ring", "net_memif" };
  WorldOptions world_options = options->world;
  g_autoptr (DpdkEal) eal = NULL;
  g_autoptr (GError) error = NULL;

  if (options->number == 0)
    drop_capabilities ();
  else if (options->number == 1)
    become_nobody ();
  else
    g_assert_cmpint (geteuid (), ==, 65534);
  eal = open_eal (&world_options);
  world_options.device = "net_tap";
  g_assert_null (world_runtime_new (&world_options, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_PERMISSION_DENIED,
                     "*net_tap0*CAP_NET_ADMIN*net_null, net_ring and net_memif work without*");
  for (guint i = 0; i < G_N_ELEMENTS (usable); i++)
    {
      world_options.device = usable[i];
      world_options.seed++;
      world_open (world, &world_options);
      world_connect (world, &world_options);
      world_exchange (world, 10000);
      world_drop_sockets (world, i);
      g_assert_true (dpdk_runtime_shutdown (world->runtime, 20000, &error));
      g_assert_no_error (error);
      world_drop_all (world, i);
    }
  return 0;
}

static GPtrArray *
take_all (DpdkMempool *mempool)
{
  GPtrArray *packets = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_packet_unref);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  while ((packet = dpdk_mempool_acquire (mempool, &error)) != NULL)
    g_ptr_array_add (packets, packet);
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY, "DpdkMempool *: * buffer* in use*");
  return packets;
}

static int
mempool_dry (World *world, const ChildOptions *options)
{
  g_autoptr (DpdkEal) eal = open_eal (&options->world);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) mempool = dpdk_mempool_new (eal, 500, 0, 2048, -1, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GPtrArray) packets = take_all (mempool);

      g_assert_cmpuint (packets->len, ==, 500);
      g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), ==, 500);
      g_assert_cmpuint (dpdk_mempool_get_available (mempool), ==, 0);
      g_ptr_array_remove_index_fast (packets, i);
      g_assert_cmpuint (dpdk_mempool_get_available (mempool), ==, 1);
    }
  g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), ==, 0);
  return 0;
}

static int
mempool_refused (World *world, const ChildOptions *options)
{
  static const struct {
    guint capacity, cache_size, data_size;
    int code;
  } cases[] = {
    { 0, 0, 2048, DPDK_ERROR_INVALID_ARGUMENT },
    { 500, 0, 0, DPDK_ERROR_INVALID_ARGUMENT },
    { 500, 0, 65408, DPDK_ERROR_INVALID_ARGUMENT },
    { 500, 400, 2048, DPDK_ERROR_INVALID_ARGUMENT },
    { 5000, 513, 2048, DPDK_ERROR_INVALID_ARGUMENT },
    { G_MAXUINT, 0, 2048, DPDK_ERROR_INVALID_ARGUMENT },
    { 10000000, 0, 2048, DPDK_ERROR_NO_MEMORY },
    { G_MAXINT, 0, 65407, DPDK_ERROR_INVALID_ARGUMENT },
  };
  g_autoptr (DpdkEal) eal = open_eal (&options->world);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) good = NULL;
  g_autoptr (GPtrArray) names = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_null (dpdk_mempool_new (eal, cases[i].capacity, cases[i].cache_size,
                                       cases[i].data_size, -1, &error));
      child_check_error (&error, DPDK_ERROR, cases[i].code, "DpdkMempool*");
    }
  names = dpdk_eal_dup_dependants (eal);
  g_assert_cmpuint (names->len, ==, 0);
  good = dpdk_mempool_new (eal, 500, 333, 2048, -1, &error);
  g_assert_no_error (error);
  return 0;
}

/* frames that the kernel sends into the tap */
static void
send_frames (guint n)
{
  guint8 frame[200] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x88, 0xb5 };
  int fd = socket (AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons (ETH_P_ALL));
  struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };

  address.sll_ifindex = (int) if_nametoindex ("graph0");
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (address.sll_ifindex, >, 0);
  for (guint i = 0; i < n; i++)
    (void) sendto (fd, frame, sizeof frame, MSG_DONTWAIT, (struct sockaddr *) &address,
                   sizeof address);
  close (fd);
}

static void
get_statistics (World *world, DpdkPortStatistics *statistics)
{
  g_autoptr (GError) error = NULL;

  dpdk_port_get_statistics (world->port, statistics, &error);
  g_assert_no_error (error);
}

/* no buffer for what comes in: it is dropped and counted, and later all is as before */
static int
receive_dry (World *world, const ChildOptions *options)
{
  gint64 deadline = g_get_monotonic_time () + TIMEOUT_US;
  WorldOptions world_options = options->world;
  DpdkPortStatistics before, now;
  GPtrArray *packets;

  /* a worker with buffers of its own would go on with them */
  world_options.no_cache = TRUE;
  world_open (world, &world_options);
  world_connect (world, &options->world);
  world_exchange (world, 1000);
  packets = take_all (world->mempool);
  get_statistics (world, &before);
  do
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      send_frames (N_FRAMES / 10);
      get_statistics (world, &now);
    }
  while (now.rx_no_memory == before.rx_no_memory);
  g_ptr_array_unref (packets);

  before = now;
  do
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      send_frames (10);
      get_statistics (world, &now);
    }
  while (now.rx_packets == before.rx_packets);
  world_exchange (world, 100000);
  world_drop_all (world, 0);
  return 0;
}

/* no buffer to send with: the bytes wait, and none is lost */
static int
send_dry (World *world, const ChildOptions *options)
{
  world_open (world, &options->world);
  world_connect (world, &options->world);
  world_start_traffic (world, TRUE);
  for (guint i = 0; i < 20; i++)
    {
      GPtrArray *packets = take_all (world->mempool);
      DpdkPortStatistics statistics;

      /* a turn of the owner thread, in the middle of it */
      get_statistics (world, &statistics);
      g_ptr_array_unref (packets);
      world_wait_traffic ();
    }
  dpdk_tcp_connection_abort (world->connection);
  world_join_traffic ();
  world_drop_all (world, 0);
  return 0;
}

typedef struct {
  GMutex lock;
  GCond changed;
  gboolean is_in;
  gboolean may_go;
} Block;

static void
block_worker (DpdkWorker *worker, gpointer data)
{
  Block *block = data;

  g_mutex_lock (&block->lock);
  block->is_in = TRUE;
  g_cond_broadcast (&block->changed);
  while (!block->may_go)
    g_cond_wait (&block->changed, &block->lock);
  g_mutex_unlock (&block->lock);
}

static void
set_flag (Block *block, gboolean *flag)
{
  g_mutex_lock (&block->lock);
  *flag = TRUE;
  g_cond_broadcast (&block->changed);
  g_mutex_unlock (&block->lock);
}

/* the device gives the buffers of the pool as they are: all of them become ARP for everybody */
static void
fill_buffers (DpdkMempool *mempool)
{
  static const guint8 frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6 };
  g_autoptr (GPtrArray) packets = take_all (mempool);

  for (guint i = 0; i < packets->len; i++)
    dpdk_packet_append (g_ptr_array_index (packets, i), frame, sizeof frame, NULL);
}

/* what waits for one worker must not take all buffers from the others */
static int
forward_flood (World *world, const ChildOptions *options)
{
  gint64 deadline = g_get_monotonic_time () + TIMEOUT_US;
  g_autoptr (DpdkWorker) blocked = NULL;
  g_autoptr (DpdkWorker) working = NULL;
  g_autoptr (DpdkPacket) packet = NULL;
  g_autoptr (GError) error = NULL;
  DpdkWorkerStatistics before, now;
  static Block block;

  world_open (world, &options->world);
  g_assert_cmpuint (dpdk_runtime_get_n_workers (world->runtime), ==, 2);
  blocked = dpdk_runtime_dup_worker (world->runtime, 0);
  working = dpdk_runtime_dup_worker (world->runtime, 1);
  dpdk_worker_invoke (blocked, block_worker, &block, NULL, &error);
  g_assert_no_error (error);
  g_mutex_lock (&block.lock);
  while (!block.is_in)
    g_cond_wait (&block.changed, &block.lock);
  g_mutex_unlock (&block.lock);

  fill_buffers (world->mempool);
  dpdk_worker_get_statistics (working, &before);
  do
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
      dpdk_worker_get_statistics (working, &now);
    }
  while (now.rx_packets < before.rx_packets + N_FRAMES * 100);
  packet = dpdk_mempool_acquire (world->mempool, &error);
  g_assert_no_error (error);
  set_flag (&block, &block.may_go);
  g_clear_object (&blocked);
  g_clear_object (&working);
  g_clear_pointer (&packet, dpdk_packet_unref);
  world_drop_all (world, 0);
  return 0;
}

const Scenario devices_scenarios[] = {
  { "bad-device", bad_device },
  { "device-taken", device_taken },
  { "port-states", port_states },
  { "port-busy", port_busy },
  { "not-permitted", not_permitted },
  { "mempool-dry", mempool_dry },
  { "mempool-refused", mempool_refused },
  { "receive-dry", receive_dry },
  { "send-dry", send_dry },
  { "forward-flood", forward_flood },
  { NULL, NULL },
};
