/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two lwIP instances on two threads, joined by wires in virtual time.  The main
 * thread hands one job at a time to the thread of a stack, so that every run
 * with the same seed sees the same packets. */

#pragma once

#include <glib.h>
#include <string.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/icmp6.h>
#include <lwip/igmp.h>
#include <lwip/inet_chksum.h>
#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/ip6_addr.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/tcp.h>
#include <lwip/prot/udp.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/priv/tcp_direct.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/priv/tcp_time_wait.h>
#include <lwip/stats.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>

#include <dpdk-lwip-port.h>

#define PATTERN_PERIOD 64007
#define ETH_LEN 14

typedef struct {
  guint32 at;
  guint32 len;
  guint8 data[];
} Frame;

typedef struct _Stack Stack;
typedef struct _World World;

typedef void (*StackFunc) (Stack *stack, gpointer data);
typedef void (*PcbFunc) (struct tcp_pcb *pcb, gpointer data);

struct _Stack {
  World *world;
  guint id;
  GThread *thread;
  GMutex mutex;
  GCond cond;
  StackFunc func;
  gpointer data;
  gboolean quit;

  struct netif netif;
  guint16 mtu;
  GQueue in; /* of Frame, in the order of arrival */
  GQueue out; /* of Frame, not yet on the wire */
  GPtrArray *conns;
  struct tcp_pcb *listener;
  guint32 sleep; /* ms until there is something to do */
};

struct _World {
  Stack stacks[2];
  GRand *rand;
  guint delay;
  guint rate; /* bytes per ms, 0: unlimited */
  guint queue; /* bytes before the wire of that rate */
  guint64 busy_until[2]; /* in us since start */
  guint32 start;
  guint drops; /* of a full queue */
  double loss;
  double reorder;
  double duplicate;
  double corrupt; /* one bit behind the Ethernet header, not in ARP */
  gboolean split; /* hand frames to lwIP as chains of pbufs */
  gboolean cut[2]; /* the wire away from stack i */
  guint16 chksum_flags;
  guint16 large_max; /* of the netifs, which then cut segments and make the checksums of TCP */
  guint64 n_large; /* packets of several segments */
  gboolean long_way; /* through Ethernet, IP and neighbours, for all segments */
  guint64 n_direct_in; /* segments that went the short way */
  guint64 n_direct_out;
  guint64 frames;
  /* called for every frame that leaves a stack, FALSE: drop it */
  gboolean (*filter) (World *world, guint from, const guint8 *data, guint len);
  gpointer filter_data;
};

typedef struct {
  Stack *stack;
  struct tcp_pcb *pcb;
  guint64 sent; /* given to tcp_write() */
  guint64 to_send; /* in all */
  guint64 acked;
  guint64 received;
  guint pcb_received; /* not yet passed to tcp_recved() */
  gboolean echo;
  gboolean hold; /* do not open the window again */
  gboolean sink;
  gboolean small; /* writes of few bytes */
  guint limit; /* bytes in flight, 0: what the stack takes */
  gboolean close_when_done;
  gboolean connected;
  gboolean eof;
  gboolean closed;
  gboolean bad; /* not the bytes that were expected */
  err_t err;
  GByteArray *pending;
} Conn;

typedef struct {
  gboolean ipv6;
  gboolean link_local;
  guint64 bytes;
  gboolean small;
  guint limit;
  gboolean nodelay;
  guint16 port;
  guint count;
  PcbFunc prepare; /* called before the connection is opened */
  gpointer prepare_data;
  Conn *conn;
} Connect;

/* calls emit for each frame that a packet of a netif with large_max becomes */
void lwip_cut (struct pbuf *p, void (*emit) (gpointer, const guint8 *, guint), gpointer user_data);

typedef struct {
  guint active;
  guint time_wait;
  guint listening;
} Count;

typedef struct {
  struct udp_pcb *pcb;
  guint received;
  guint bytes;
  gboolean bad;
} Udp;

typedef struct {
  gboolean ipv6;
  guint16 len;
  guint16 port;
} Datagram;

typedef enum {
  SERVER_ECHOES,
  SERVER_HOLDS, /* does not answer, and keeps its window shut */
  SERVER_SINKS, /* does not answer, and closes after its peer */
} ServerMode;

extern guint8 pattern[2 * PATTERN_PERIOD];
extern guint32 clock_ms;
extern gint allocations;
extern gint allocations_left; /* until malloc fails, -1: never */
extern gint allocations_fail_every; /* 0: never */
extern gint failed_assertions;
extern _Thread_local guint64 random_state;
/* initial sequence number of all connections, 0: at random */
extern guint32 fixed_isn;
/* an enum tcp_memory_level */
extern gint memory_level;
/* the ports that are 0 by it are ours */
extern _Thread_local guint ports_modulus;
extern _Thread_local gboolean route_by_gateway;
extern ServerMode server_mode;

void lwip_test_init (int *argc, char ***argv);

void stack_run (Stack *stack, StackFunc func, gpointer data);
err_t stack_netif_init (struct netif *netif);
void stack_ip4 (Stack *stack, guint id, ip4_addr_t *addr);
void stack_ip6 (guint id, ip6_addr_t *addr);
void stack_link_local (guint id, ip6_addr_t *addr);
void stack_up (Stack *stack, gpointer data);
void stack_down (Stack *stack, gpointer data);
struct pbuf *exact_pbuf_new (gconstpointer data, guint16 len);
void stack_poll (Stack *stack, gpointer data);
void world_run (World *world, guint ms);
void world_start (World *world);
World *world_new (guint32 seed);
void world_free (World *world);
guint count_list (struct tcp_pcb *pcb);
Count world_count (World *world, guint id);
void stack_stats (Stack *stack, gpointer data);

void conn_free (gpointer data);
void conn_push (Conn *conn);
void conn_finish (Conn *conn);
Conn *conn_new (Stack *stack, struct tcp_pcb *pcb);
err_t conn_connected (void *arg, struct tcp_pcb *pcb, err_t err);
void server_listen (Stack *stack, gpointer data);
void client_connect (Stack *stack, gpointer data);
void client_abort (Stack *stack, gpointer data);
void transfer (World *world, Connect *connect, guint timeout_ms);
void check_all_closed (World *world);
void conn_write (Stack *stack, gpointer data);
void udp_open (Stack *stack, gpointer data);
void udp_shut (Stack *stack, gpointer data);
void udp_send_one (Stack *stack, gpointer data);
