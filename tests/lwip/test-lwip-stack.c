/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two lwIP instances on two threads, joined by wires in virtual time.  The main
 * thread hands one job at a time to the thread of a stack, so that every run
 * with the same seed sees the same packets. */

#include <glib.h>
#include <string.h>

#include <lwip/dns.h>
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
#include <lwip/priv/tcp_priv.h>
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
  double loss;
  double reorder;
  double duplicate;
  gboolean split; /* hand frames to lwIP as chains of pbufs */
  gboolean cut[2]; /* the wire away from stack i */
  guint16 chksum_flags;
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

static guint8 pattern[2 * PATTERN_PERIOD];
static guint32 clock_ms;
static gint allocations;
static gint allocations_left = -1; /* until malloc fails, -1: never */
static gint allocations_fail_every; /* 0: never */
static gint allocations_count;
static gint failed_assertions;
static _Thread_local guint64 random_state;
static _Thread_local guint ports_modulus = 1; /* ours are those that are 0 by it */
static _Thread_local gboolean route_by_gateway;

/* the hooks of our lwIP */

u32_t
sys_now (void)
{
  return clock_ms;
}

uint32_t
dpdk_lwip_random (void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t) (random_state >> 16);
}

uint32_t
dpdk_lwip_isn (const struct ip_addr *local_ip, uint16_t local_port, const struct ip_addr *remote_ip,
               uint16_t remote_port)
{
  return dpdk_lwip_random ();
}

int
dpdk_lwip_port_is_ours (uint16_t port)
{
  return port % ports_modulus == 0;
}

struct netif *
dpdk_lwip_route_v4 (const ip4_addr_t *source, const ip4_addr_t *destination)
{
  return NULL;
}

struct netif *
dpdk_lwip_route_v6 (const ip6_addr_t *source, const ip6_addr_t *destination)
{
  return NULL;
}

const ip6_addr_t *
dpdk_lwip_gateway_v6 (struct netif *netif, const ip6_addr_t *destination)
{
  static _Thread_local ip6_addr_t gateway;

  if (!route_by_gateway)
    return NULL;
  /* the link-local address of the other stack, its hardware address is 02:00:00:00:00:0n */
  memset (&gateway, 0, sizeof gateway);
  IP6_ADDR (&gateway, PP_HTONL (0xfe800000), 0, PP_HTONL (0x000000ff),
            lwip_htonl (0xfe000000u + 3u - netif->hwaddr[5]));
  ip6_addr_assign_zone (&gateway, IP6_UNICAST, netif);
  return &gateway;
}

int
dpdk_lwip_is_on_link (struct netif *netif, const ip6_addr_t *destination)
{
  return !route_by_gateway && ip6_addr_netcmp_zoneless (netif_ip6_addr (netif, 1), destination);
}

static gboolean
may_allocate (void)
{
  gint left = g_atomic_int_get (&allocations_left);

  if (left == 0)
    return FALSE;
  if (left > 0)
    g_atomic_int_add (&allocations_left, -1);
  if (g_atomic_int_get (&allocations_fail_every) != 0 &&
      g_atomic_int_add (&allocations_count, 1) % allocations_fail_every == 0)
    return FALSE;
  g_atomic_int_inc (&allocations);
  return TRUE;
}

void *
dpdk_lwip_malloc (size_t size)
{
  return may_allocate () ? malloc (size) : NULL;
}

void *
dpdk_lwip_calloc (size_t count, size_t size)
{
  return may_allocate () ? calloc (count, size) : NULL;
}

void
dpdk_lwip_free (void *mem)
{
  if (mem != NULL)
    g_atomic_int_add (&allocations, -1);
  free (mem);
}

void
dpdk_lwip_assert_failed (const char *message, const char *file, int line)
{
  g_test_message ("%s:%d: %s", file, line, message);
  g_atomic_int_inc (&failed_assertions);
}

/* stacks and wires */

static gpointer
stack_thread (gpointer data)
{
  Stack *stack = data;

  random_state = 0x9e3779b97f4a7c15u * (stack->id + 1);
  g_mutex_lock (&stack->mutex);
  for (;;)
    {
      while (stack->func == NULL && !stack->quit)
        g_cond_wait (&stack->cond, &stack->mutex);
      if (stack->func == NULL)
        break;
      stack->func (stack, stack->data);
      stack->func = NULL;
      g_cond_broadcast (&stack->cond);
    }
  g_mutex_unlock (&stack->mutex);
  return NULL;
}

/* Runs func on the thread of the stack and waits for it. */
static void
stack_run (Stack *stack, StackFunc func, gpointer data)
{
  g_mutex_lock (&stack->mutex);
  stack->data = data;
  stack->func = func;
  g_cond_broadcast (&stack->cond);
  while (stack->func != NULL)
    g_cond_wait (&stack->cond, &stack->mutex);
  g_mutex_unlock (&stack->mutex);
}

static err_t
stack_linkoutput (struct netif *netif, struct pbuf *p)
{
  Stack *stack = netif->state;
  Frame *frame = g_malloc (sizeof (Frame) + p->tot_len);

  frame->at = 0;
  frame->len = p->tot_len;
  pbuf_copy_partial (p, frame->data, p->tot_len, 0);
  g_queue_push_tail (&stack->out, frame);
  return ERR_OK;
}

static err_t
stack_netif_init (struct netif *netif)
{
  Stack *stack = netif->state;

  netif->name[0] = 't';
  netif->name[1] = 's';
  netif->output = etharp_output;
  netif->output_ip6 = ethip6_output;
  netif->linkoutput = stack_linkoutput;
  netif->mtu = stack->mtu;
  netif->hwaddr_len = 6;
  memcpy (netif->hwaddr, "\x02\0\0\0\0\x01", 6);
  netif->hwaddr[5] = (u8_t) (stack->id + 1);
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                 NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
  NETIF_SET_CHECKSUM_CTRL (netif, stack->world->chksum_flags);
  return ERR_OK;
}

static void
stack_ip4 (Stack *stack, guint id, ip4_addr_t *addr)
{
  IP4_ADDR (addr, 10, 0, 0, (u8_t) (id + 1));
}

static void
stack_ip6 (guint id, ip6_addr_t *addr)
{
  memset (addr, 0, sizeof *addr);
  IP6_ADDR (addr, PP_HTONL (0xfd000000), 0, 0, lwip_htonl (id + 1));
}

static void
stack_up (Stack *stack, gpointer data)
{
  ip4_addr_t addr, mask, gateway;
  ip6_addr_t addr6;

  g_assert_cmpint (lwip_init_checked (), ==, ERR_OK);
  stack_ip4 (stack, stack->id, &addr);
  IP4_ADDR (&mask, 255, 255, 255, 0);
  ip4_addr_set_zero (&gateway);
  g_assert_nonnull (
      netif_add (&stack->netif, &addr, &mask, &gateway, stack, stack_netif_init, ethernet_input));
  netif_set_default (&stack->netif);
  netif_set_up (&stack->netif);
  netif_create_ip6_linklocal_address (&stack->netif, 1);
  netif_ip6_addr_set_state (&stack->netif, 0, IP6_ADDR_PREFERRED);
  stack_ip6 (stack->id, &addr6);
  netif_ip6_addr_set (&stack->netif, 1, &addr6);
  netif_ip6_addr_set_state (&stack->netif, 1, IP6_ADDR_PREFERRED);
}

static void
conn_free (gpointer data)
{
  Conn *conn = data;

  g_clear_pointer (&conn->pending, g_byte_array_unref);
  g_free (conn);
}

static void
stack_down (Stack *stack, gpointer data)
{
  for (guint i = 0; i < stack->conns->len; i++)
    {
      Conn *conn = stack->conns->pdata[i];
      if (conn->pcb != NULL)
        {
          tcp_err (conn->pcb, NULL);
          tcp_abort (conn->pcb);
        }
    }
  g_ptr_array_set_size (stack->conns, 0);
  if (stack->listener != NULL)
    tcp_close (stack->listener);
  stack->listener = NULL;
  netif_remove (&stack->netif);
  lwip_fini ();
  memset (&stack->netif, 0, sizeof stack->netif);
}

/* A pbuf whose payload ends where its allocation ends, for the address sanitizer. */
typedef struct {
  struct pbuf_custom custom;
  guint8 *data;
} ExactPbuf;

static void
exact_pbuf_free (struct pbuf *p)
{
  ExactPbuf *exact = (ExactPbuf *) p;

  g_free (exact->data);
  g_free (exact);
}

static struct pbuf *
exact_pbuf_new (gconstpointer data, guint16 len)
{
  ExactPbuf *exact = g_new0 (ExactPbuf, 1);

  exact->data = g_memdup2 (data, len);
  exact->custom.custom_free_function = exact_pbuf_free;
  return pbuf_alloced_custom (PBUF_RAW, len, PBUF_REF, &exact->custom, exact->data, len);
}

static void
stack_input_frame (Stack *stack, const Frame *frame)
{
  struct pbuf *p = NULL;
  u16_t at = 0;

  while (at < frame->len)
    {
      /* in chains the headers are in the first buffer */
      u16_t n = (u16_t) (frame->len - at);
      struct pbuf *q;
      if (stack->world->split)
        n = at == 0 ? MIN (n, ETH_LEN + 100) : (u16_t) (n / 2 + 1);
      if (stack->id == 0)
        q = exact_pbuf_new (frame->data + at, n);
      else
        q = pbuf_alloc (PBUF_RAW, n, PBUF_RAM);
      if (q == NULL)
        {
          if (p != NULL)
            pbuf_free (p);
          return;
        }
      if (stack->id != 0)
        pbuf_take (q, frame->data + at, n);
      if (p != NULL)
        pbuf_cat (p, q);
      else
        p = q;
      at = (u16_t) (at + n);
    }
  if (stack->netif.input (p, &stack->netif) != ERR_OK)
    pbuf_free (p);
}

static void
stack_poll (Stack *stack, gpointer data)
{
  Frame *frame;

  while ((frame = g_queue_peek_head (&stack->in)) != NULL && (gint32) (frame->at - clock_ms) <= 0)
    {
      g_queue_pop_head (&stack->in);
      stack_input_frame (stack, frame);
      g_free (frame);
    }
  netif_poll_all ();
  sys_check_timeouts ();
  stack->sleep = stack->netif.loop_first != NULL ? 0 : sys_timeouts_sleeptime ();
}

static gint
frame_compare (gconstpointer a, gconstpointer b, gpointer data)
{
  const Frame *x = a, *y = b;

  return (gint32) (x->at - y->at) < 0 ? -1 : x->at != y->at;
}

static void
world_transmit (World *world, guint from, Frame *frame)
{
  Stack *to = &world->stacks[1 - from];
  GQueue *queue = &to->in;

  world->frames++;
  if (world->cut[from] ||
      (world->filter != NULL && !world->filter (world, from, frame->data, frame->len)) ||
      (world->loss > 0 && g_rand_double (world->rand) < world->loss))
    {
      g_free (frame);
      return;
    }
  frame->at = clock_ms + world->delay;
  if (world->duplicate > 0 && g_rand_double (world->rand) < world->duplicate)
    {
      Frame *copy = g_memdup2 (frame, sizeof (Frame) + frame->len);
      copy->at += 1 + g_rand_int_range (world->rand, 0, 5);
      g_queue_insert_sorted (queue, copy, frame_compare, NULL);
    }
  if (world->reorder > 0 && g_rand_double (world->rand) < world->reorder)
    frame->at += 1 + g_rand_int_range (world->rand, 0, 8);
  if (world->reorder > 0 || world->duplicate > 0)
    {
      /* behind those of the same time */
      GList *link = queue->tail;
      while (link != NULL && (gint32) (((Frame *) link->data)->at - frame->at) > 0)
        link = link->prev;
      if (link != NULL)
        g_queue_insert_after (queue, link, frame);
      else
        g_queue_push_head (queue, frame);
    }
  else
    g_queue_push_tail (queue, frame);
}

/* Advances the clock to the next event, but not by more than max_ms. */
static guint
world_step (World *world, guint max_ms)
{
  guint32 ms = max_ms;

  for (guint i = 0; i < 2; i++)
    {
      const Frame *frame = g_queue_peek_head (&world->stacks[i].in);
      if (frame != NULL)
        ms = MIN (ms, frame->at - clock_ms);
      ms = MIN (ms, world->stacks[i].sleep);
    }
  ms = MAX (ms, 1);
  clock_ms += ms;
  for (guint i = 0; i < 2; i++)
    {
      Frame *frame;
      stack_run (&world->stacks[i], stack_poll, NULL);
      while ((frame = g_queue_pop_head (&world->stacks[i].out)) != NULL)
        world_transmit (world, i, frame);
    }
  return ms;
}

static void
world_run (World *world, guint ms)
{
  /* what was done since the last step may have set a timer */
  world->stacks[0].sleep = world->stacks[1].sleep = 0;
  while (ms > 0)
    ms -= world_step (world, ms);
}

static void
world_start (World *world)
{
  for (guint i = 0; i < 2; i++)
    {
      Stack *stack = &world->stacks[i];
      stack->world = world;
      stack->id = i;
      if (stack->mtu == 0)
        stack->mtu = 1500;
      stack->conns = g_ptr_array_new_with_free_func (conn_free);
      stack->thread = g_thread_new ("stack", stack_thread, stack);
      stack_run (stack, stack_up, NULL);
    }
}

static World *
world_new (guint32 seed)
{
  World *world = g_new0 (World, 1);

  world->rand = g_rand_new_with_seed (seed);
  world->delay = 1;
  world->chksum_flags = NETIF_CHECKSUM_ENABLE_ALL;
  return world;
}

static void
world_free (World *world)
{
  for (guint i = 0; i < 2; i++)
    {
      Stack *stack = &world->stacks[i];
      stack_run (stack, stack_down, NULL);
      g_mutex_lock (&stack->mutex);
      stack->quit = TRUE;
      g_cond_broadcast (&stack->cond);
      g_mutex_unlock (&stack->mutex);
      g_thread_join (stack->thread);
      g_queue_clear_full (&stack->in, g_free);
      g_queue_clear_full (&stack->out, g_free);
      g_ptr_array_unref (stack->conns);
    }
  g_rand_free (world->rand);
  g_free (world);
  g_assert_cmpint (g_atomic_int_get (&failed_assertions), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
}

/* connections */

static void
conn_push (Conn *conn)
{
  gboolean wrote = FALSE;

  while (conn->pcb != NULL && conn->connected)
    {
      guint64 room = tcp_sndbuf (conn->pcb);
      guint64 n = conn->echo ? conn->pending->len : conn->to_send - conn->sent;
      u8_t flags = TCP_WRITE_FLAG_COPY;
      const guint8 *data;
      guint64 most = conn->small ? 1 + dpdk_lwip_random () % 700 : 20000;

      if (conn->limit != 0)
        room = MIN (room, conn->acked + conn->limit - conn->sent);
      n = MIN (MIN (n, room), most);
      if (n == 0)
        break;
      if (conn->echo)
        data = conn->pending->data;
      else
        {
          data = pattern + conn->sent % PATTERN_PERIOD;
          if (conn->small)
            {
              flags = 0;
              if (dpdk_lwip_random () % 2)
                flags |= TCP_WRITE_FLAG_COPY;
              if (dpdk_lwip_random () % 4 == 0)
                flags |= TCP_WRITE_FLAG_MORE;
            }
        }
      if (tcp_write (conn->pcb, data, (u16_t) n, flags) != ERR_OK)
        break;
      wrote = TRUE;
      conn->sent += n;
      if (conn->echo)
        {
          g_byte_array_remove_range (conn->pending, 0, (guint) n);
          tcp_recved (conn->pcb, (u16_t) n);
          conn->pcb_received -= (guint) n;
        }
      if (conn->small && dpdk_lwip_random () % 3 == 0)
        tcp_output (conn->pcb);
    }
  if (wrote)
    tcp_output (conn->pcb);
  if (conn->pcb != NULL && conn->connected && conn->close_when_done && !conn->closed &&
      conn->sent == conn->to_send && (!conn->echo || (conn->eof && conn->pending->len == 0)))
    {
      conn->closed = TRUE;
      tcp_shutdown (conn->pcb, 0, 1);
    }
}

static void
conn_finish (Conn *conn)
{
  if (conn->pcb == NULL)
    return;
  tcp_arg (conn->pcb, NULL);
  tcp_recv (conn->pcb, NULL);
  tcp_sent (conn->pcb, NULL);
  tcp_err (conn->pcb, NULL);
  g_assert_cmpint (tcp_close (conn->pcb), ==, ERR_OK);
  conn->pcb = NULL;
}

static err_t
conn_recv (void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
  Conn *conn = arg;

  if (p == NULL)
    {
      conn->eof = TRUE;
      if (conn->echo)
        {
          conn->to_send = conn->sent + conn->pending->len;
          if (conn->pending->len == 0)
            conn_finish (conn);
          else
            conn->close_when_done = TRUE;
        }
      else if (conn->closed)
        conn_finish (conn);
      return ERR_OK;
    }
  for (struct pbuf *q = p; q != NULL; q = q->next)
    {
      guint at = 0;
      while (at < q->len)
        {
          guint offset = (guint) (conn->received % PATTERN_PERIOD);
          guint n = MIN (q->len - at, PATTERN_PERIOD);
          if (memcmp ((guint8 *) q->payload + at, pattern + offset, n) != 0)
            conn->bad = TRUE;
          at += n;
          conn->received += n;
        }
      if (conn->echo)
        g_byte_array_append (conn->pending, q->payload, q->len);
    }
  conn->pcb_received += p->tot_len;
  if (!conn->echo && !conn->hold)
    {
      tcp_recved (pcb, p->tot_len);
      conn->pcb_received -= p->tot_len;
    }
  pbuf_free (p);
  conn_push (conn);
  if (conn->echo && conn->eof && conn->pending->len == 0)
    conn_finish (conn);
  return ERR_OK;
}

static err_t
conn_sent (void *arg, struct tcp_pcb *pcb, u16_t len)
{
  Conn *conn = arg;

  conn->acked += len;
  conn_push (conn);
  return ERR_OK;
}

static void
conn_error (void *arg, err_t err)
{
  Conn *conn = arg;

  conn->err = err;
  conn->pcb = NULL;
}

static Conn *
conn_new (Stack *stack, struct tcp_pcb *pcb)
{
  Conn *conn = g_new0 (Conn, 1);

  conn->stack = stack;
  conn->pcb = pcb;
  conn->pending = g_byte_array_new ();
  g_ptr_array_add (stack->conns, conn);
  tcp_arg (pcb, conn);
  tcp_recv (pcb, conn_recv);
  tcp_sent (pcb, conn_sent);
  tcp_err (pcb, conn_error);
  return conn;
}

static err_t
conn_connected (void *arg, struct tcp_pcb *pcb, err_t err)
{
  Conn *conn = arg;

  conn->connected = TRUE;
  conn_push (conn);
  return ERR_OK;
}

static gboolean server_holds;

static err_t
server_accept (void *arg, struct tcp_pcb *pcb, err_t err)
{
  Conn *conn = conn_new (arg, pcb);

  conn->connected = TRUE;
  conn->echo = !server_holds;
  conn->hold = server_holds;
  tcp_nagle_disable (pcb);
  return ERR_OK;
}

static void
server_listen (Stack *stack, gpointer data)
{
  struct tcp_pcb *pcb = tcp_new_ip_type (IPADDR_TYPE_ANY);

  g_assert_cmpint (tcp_bind (pcb, IP_ANY_TYPE, 80), ==, ERR_OK);
  stack->listener = tcp_listen_with_backlog (pcb, 20000);
  g_assert_nonnull (stack->listener);
  tcp_arg (stack->listener, stack);
  tcp_accept (stack->listener, server_accept);
}

typedef struct {
  gboolean ipv6;
  guint64 bytes;
  gboolean small;
  guint limit;
  gboolean nodelay;
  guint16 port;
  guint count;
  Conn *conn;
} Connect;

static void
client_connect (Stack *stack, gpointer data)
{
  Connect *connect = data;

  for (guint i = 0; i < MAX (connect->count, 1); i++)
    {
      ip_addr_t address;
      struct tcp_pcb *pcb;

      memset (&address, 0, sizeof address);
      if (connect->ipv6)
        {
          stack_ip6 (1 - stack->id, ip_2_ip6 (&address));
          IP_SET_TYPE_VAL (address, IPADDR_TYPE_V6);
        }
      else
        {
          stack_ip4 (stack, 1 - stack->id, ip_2_ip4 (&address));
          IP_SET_TYPE_VAL (address, IPADDR_TYPE_V4);
        }
      pcb = tcp_new_ip_type (connect->ipv6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
      g_assert_nonnull (pcb);
      connect->conn = conn_new (stack, pcb);
      connect->conn->to_send = connect->bytes;
      connect->conn->small = connect->small;
      connect->conn->limit = connect->limit;
      connect->conn->close_when_done = TRUE;
      if (connect->nodelay)
        tcp_nagle_disable (pcb);
      g_assert_cmpint (
          tcp_connect (pcb, &address, connect->port != 0 ? connect->port : 80, conn_connected), ==,
          ERR_OK);
    }
}

static guint
count_list (struct tcp_pcb *pcb)
{
  guint n = 0;

  for (; pcb != NULL; pcb = pcb->next)
    n++;
  return n;
}

typedef struct {
  guint active;
  guint time_wait;
  guint listening;
} Count;

static void
stack_count (Stack *stack, gpointer data)
{
  Count *count = data;

  count->active = count_list (tcp_active_pcbs);
  count->time_wait = count_list (tcp_tw_pcbs);
  count->listening = count_list (tcp_listen_pcbs.pcbs);
}

static Count
world_count (World *world, guint id)
{
  Count count;

  stack_run (&world->stacks[id], stack_count, &count);
  return count;
}

static void
transfer (World *world, Connect *connect, guint timeout_ms)
{
  Stack *client = &world->stacks[1];

  stack_run (client, client_connect, connect);
  for (guint i = 0; i < timeout_ms && connect->conn->pcb != NULL; i += 20)
    world_run (world, 20);
  if (connect->conn->pcb != NULL)
    g_test_message ("sent %" G_GUINT64_FORMAT " acked %" G_GUINT64_FORMAT
                    " received %" G_GUINT64_FORMAT,
                    connect->conn->sent, connect->conn->acked, connect->conn->received);
  g_assert_null (connect->conn->pcb);
  g_assert_cmpint (connect->conn->err, ==, ERR_OK);
  g_assert_cmpuint (connect->conn->received, ==, connect->bytes);
  g_assert_false (connect->conn->bad);
  g_assert_true (connect->conn->eof);
}

static void
check_all_closed (World *world)
{
  /* two maximum segment lifetimes */
  world_run (world, 2 * TCP_MSL + 2000);
  for (guint i = 0; i < 2; i++)
    {
      Count count = world_count (world, i);
      g_assert_cmpuint (count.active, ==, 0);
      g_assert_cmpuint (count.time_wait, ==, 0);
    }
}

static void
test_echo (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .ipv6 = GPOINTER_TO_INT (data), .bytes = 1000000 };

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  transfer (world, &connect, 20000);
  world_run (world, 10);
  /* who closed first waits */
  g_assert_cmpuint (world_count (world, 1).time_wait, ==, 1);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  check_all_closed (world);
  world_free (world);
}

static void
test_lossy (gconstpointer data)
{
  guint kind = GPOINTER_TO_UINT (data);

  for (guint seed = 0; seed < 6; seed++)
    {
      World *world = world_new (seed);
      Connect connect = { .ipv6 = (kind & 1) != 0,
                          .bytes = 700000,
                          .small = (kind & 2) != 0,
                          .limit = (kind & 2) != 0 && seed % 3 != 0 ? 9000 : 0,
                          .nodelay = seed % 2 == 0 };

      world->delay = 1 + seed;
      world->loss = 0.02;
      world->reorder = 0.03;
      world->duplicate = 0.01;
      world->split = seed % 2 != 0;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      transfer (world, &connect, 600000);
      world_free (world);
    }
}

/* the last MSS option that was seen, by the stack that sent it */
static gboolean
filter_mss (World *world, guint from, const guint8 *data, guint len)
{
  guint *mss = world->filter_data;
  guint ip = data[12] == 0x08 ? 20 : 40;
  const guint8 *tcp = data + ETH_LEN + ip;
  guint8 proto = ip == 20 ? data[ETH_LEN + 9] : data[ETH_LEN + 6];

  if ((data[12] == 0x08 && data[13] == 0x06) || proto != IP_PROTO_TCP || (tcp[13] & TCP_SYN) == 0)
    return TRUE;
  g_assert_cmpuint (tcp[20], ==, 2);
  mss[from] = (guint) (tcp[22] << 8 | tcp[23]);
  return TRUE;
}

static void
test_mss (void)
{
  static const struct {
    guint16 mtu[2];
    gboolean ipv6;
  } cases[] = {
    { { 1500, 1500 }, FALSE }, { { 1500, 1500 }, TRUE },  { { 9000, 9000 }, FALSE },
    { { 9000, 9000 }, TRUE },  { { 9000, 1500 }, FALSE }, { { 1280, 9000 }, TRUE },
    { { 576, 1500 }, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      World *world = world_new (i);
      Connect connect = { .ipv6 = cases[i].ipv6, .bytes = 300000 };
      guint mss[2] = { 0, 0 };
      guint overhead = cases[i].ipv6 ? 60 : 40;

      world->filter = filter_mss;
      world->filter_data = mss;
      world->stacks[0].mtu = cases[i].mtu[0];
      world->stacks[1].mtu = cases[i].mtu[1];
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      transfer (world, &connect, 20000);
      g_assert_cmpuint (mss[0], ==, cases[i].mtu[0] - overhead);
      g_assert_cmpuint (mss[1], ==, cases[i].mtu[1] - overhead);
      world_free (world);
    }
}

static void
check_window_scale (Stack *stack, gpointer data)
{
  struct tcp_pcb *pcb = tcp_active_pcbs;

  g_assert_nonnull (pcb);
  g_assert_true (pcb->flags & TF_WND_SCALE);
  g_assert_true (pcb->flags & TF_SACK);
  g_assert_cmpuint (pcb->snd_scale, ==, TCP_RCV_SCALE);
  g_assert_cmpuint (pcb->rcv_wnd, ==, 256 * 1024);
  g_assert_cmpuint (pcb->snd_wnd_max, >, 0xffff);
}

static void
test_window_scale (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 3000000 };

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 15);
  stack_run (&world->stacks[1], check_window_scale, NULL);
  world_run (world, 4000);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
  world_free (world);
}

static void
server_release (Stack *stack, gpointer data)
{
  Conn *conn = stack->conns->pdata[0];

  conn->hold = FALSE;
  while (conn->pcb_received > 0)
    {
      u16_t n = (u16_t) MIN (conn->pcb_received, 0xffff);
      tcp_recved (conn->pcb, n);
      conn->pcb_received -= n;
    }
}

static void
test_zero_window (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 2000000, .ipv6 = GPOINTER_TO_INT (data) };
  Conn *server;
  guint64 frames;

  server_holds = TRUE;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 60000);
  server = world->stacks[0].conns->pdata[0];
  /* what is left of the window is too small for its scale */
  g_assert_cmpuint (server->received, >, 256 * 1024 - (1 << TCP_RCV_SCALE));
  /* the byte of a probe is part of a segment that is not acknowledged as a whole */
  g_assert_cmpuint (connect.conn->acked + 1, >=, server->received);

  /* it is quiet but for the probes, and the connection lives for hours */
  frames = world->frames;
  world_run (world, 120000);
  g_assert_cmpuint (world->frames - frames, <, 100);
  g_assert_nonnull (connect.conn->pcb);

  /* the window update is lost: the next probe finds out */
  world->cut[0] = TRUE;
  stack_run (&world->stacks[0], server_release, NULL);
  world_run (world, 20);
  world->cut[0] = FALSE;
  world_run (world, 100000);
  g_assert_cmpuint (server->received, ==, connect.bytes);
  g_assert_false (server->bad);
  server_holds = FALSE;
  world_free (world);
}

static void
server_close_odd (Stack *stack, gpointer data)
{
  for (guint i = 1; i < stack->conns->len; i += 2)
    conn_finish (stack->conns->pdata[i]);
}

static void
test_many_connections (void)
{
  const guint num = 10000;
  World *world = world_new (1);
  Connect connect = { .bytes = 32, .count = 100 };
  guint done = 0;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  for (guint i = 0; i < num / connect.count; i++)
    {
      connect.ipv6 = i % 4 == 3;
      stack_run (&world->stacks[1], client_connect, &connect);
      for (guint j = 0; j < connect.count; j++)
        ((Conn *) world->stacks[1].conns->pdata[i * connect.count + j])->close_when_done = FALSE;
      world_run (world, 5);
    }
  world_run (world, 3000);
  g_assert_cmpuint (world_count (world, 0).active, ==, num);
  g_assert_cmpuint (world_count (world, 1).active, ==, num);
  for (guint i = 0; i < num; i++)
    {
      Conn *conn = world->stacks[1].conns->pdata[i];
      g_assert_false (conn->bad);
      done += conn->received == connect.bytes;
    }
  g_assert_cmpuint (done, ==, num);

  stack_run (&world->stacks[0], server_close_odd, NULL);
  world_run (world, 200);
  for (guint i = 0; i < num; i++)
    {
      Conn *conn = world->stacks[1].conns->pdata[i];
      conn->closed = TRUE;
    }
  done = 0;
  for (guint i = 0; i < num; i++)
    done += ((Conn *) world->stacks[1].conns->pdata[i])->eof;
  g_assert_cmpuint (done, ==, num / 2);
  world_free (world);
}

static void
client_abort (Stack *stack, gpointer data)
{
  Conn *conn = data;
  struct tcp_pcb *pcb = conn->pcb;

  conn->pcb = NULL;
  tcp_err (pcb, NULL);
  tcp_abort (pcb);
}

static void
test_reset (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100, .ipv6 = GPOINTER_TO_INT (data), .port = 81 };
  Conn *server;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 100);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpint (connect.conn->err, ==, ERR_RST);

  connect.port = 80;
  stack_run (&world->stacks[1], client_connect, &connect);
  connect.conn->close_when_done = FALSE;
  world_run (world, 100);
  server = world->stacks[0].conns->pdata[0];
  g_assert_nonnull (server->pcb);
  stack_run (&world->stacks[1], client_abort, connect.conn);
  world_run (world, 100);
  g_assert_null (server->pcb);
  g_assert_cmpint (server->err, ==, ERR_RST);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  g_assert_cmpuint (world_count (world, 1).active, ==, 0);
  world_free (world);
}

static void
test_connect_timeout (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100 };

  world_start (world);
  world->cut[1] = TRUE;
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 60000);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpint (connect.conn->err, ==, ERR_ABRT);
  world_free (world);
}

static void
keepalive_on (Stack *stack, gpointer data)
{
  Conn *conn = data;

  conn->pcb->keep_idle = 5000;
  conn->pcb->keep_intvl = 1000;
  conn->pcb->keep_cnt = 4;
  tcp_set_keepalive (conn->pcb, 1);
}

static void
test_keepalive (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100 };
  guint64 frames;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  connect.conn->close_when_done = FALSE;
  world_run (world, 10000);

  /* idle, and without keepalive: nothing is sent but neighbor discovery */
  stack_run (&world->stacks[1], keepalive_on, connect.conn);
  frames = world->frames;
  world_run (world, 60000);
  g_assert_nonnull (connect.conn->pcb);
  g_assert_cmpuint (world->frames - frames, >=, 2 * 8);
  g_assert_cmpuint (world->frames - frames, <=, 2 * 14);

  world->cut[0] = TRUE;
  world_run (world, 13000);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpint (connect.conn->err, ==, ERR_ABRT);
  world_free (world);
}

static void
bind_rules (Stack *stack, gpointer data)
{
  ip_addr_t own = IPADDR4_INIT_BYTES (10, 0, 0, 1);
  ip_addr_t other = IPADDR4_INIT_BYTES (10, 0, 0, 77);
  struct tcp_pcb *first, *second;
  err_t err;

  /* a second listener, whatever its options and whichever way the addresses overlap */
  first = tcp_new ();
  ip_set_option (first, SOF_REUSEADDR);
  g_assert_cmpint (tcp_bind (first, &own, 90), ==, ERR_OK);
  first = tcp_listen (first);
  for (guint i = 0; i < 2; i++)
    {
      second = tcp_new ();
      if (i == 1)
        ip_set_option (second, SOF_REUSEADDR);
      g_assert_cmpint (tcp_bind (second, &own, 90), ==, ERR_USE);
      g_assert_cmpint (tcp_bind (second, IP4_ADDR_ANY, 90), ==, ERR_USE);
      g_assert_cmpint (tcp_bind (second, IP_ANY_TYPE, 90), ==, ERR_USE);
      g_assert_cmpint (tcp_bind (second, &other, 90), ==, ERR_OK);
      tcp_close (second);
    }
  second = tcp_new_ip_type (IPADDR_TYPE_V6);
  g_assert_cmpint (tcp_bind (second, IP6_ADDR_ANY, 90), ==, ERR_OK);
  tcp_close (second);
  tcp_close (first);

  /* two that are bound, one listens */
  first = tcp_new ();
  second = tcp_new ();
  ip_set_option (first, SOF_REUSEADDR);
  ip_set_option (second, SOF_REUSEADDR);
  g_assert_cmpint (tcp_bind (first, &own, 90), ==, ERR_OK);
  g_assert_cmpint (tcp_bind (second, IP4_ADDR_ANY, 90), ==, ERR_OK);
  first = tcp_listen (first);
  g_assert_nonnull (first);
  g_assert_null (tcp_listen_with_backlog_and_err (second, 1, &err));
  g_assert_cmpint (err, ==, ERR_USE);
  tcp_close (second);
  tcp_close (first);

  /* a port of its own */
  first = tcp_new ();
  second = tcp_new ();
  g_assert_cmpint (tcp_bind (first, IP4_ADDR_ANY, 0), ==, ERR_OK);
  g_assert_cmpint (tcp_bind (second, IP4_ADDR_ANY, 0), ==, ERR_OK);
  g_assert_cmpuint (first->local_port, !=, second->local_port);
  g_assert_cmpuint (first->local_port, >=, 32768);
  tcp_close (first);
  tcp_close (second);
}

static void
server_restart (Stack *stack, gpointer data)
{
  g_assert_cmpuint (count_list (tcp_tw_pcbs), ==, 1);
  tcp_close (stack->listener);
  stack->listener = NULL;
  server_listen (stack, NULL);
}

static void
server_close_first (Stack *stack, gpointer data)
{
  conn_finish (stack->conns->pdata[0]);
}

static void
client_connect_from (Stack *stack, gpointer data)
{
  Connect *connect = data;
  ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 1);
  struct tcp_pcb *pcb = tcp_new ();

  connect->conn = conn_new (stack, pcb);
  connect->conn->to_send = connect->bytes;
  g_assert_cmpint (tcp_bind (pcb, IP4_ADDR_ANY, connect->port), ==, ERR_OK);
  g_assert_cmpint (tcp_connect (pcb, &address, 80, conn_connected), ==, ERR_OK);
}

static void
client_finish (Stack *stack, gpointer data)
{
  conn_finish (data);
}

static void
test_bind (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100, .port = 12345 };

  world_start (world);
  stack_run (&world->stacks[0], bind_rules, NULL);

  /* the server closes first and has the connection in TIME_WAIT */
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect_from, &connect);
  world_run (world, 50);
  g_assert_cmpuint (connect.conn->received, ==, 100);
  stack_run (&world->stacks[0], server_close_first, NULL);
  world_run (world, 50);
  stack_run (&world->stacks[1], client_finish, connect.conn);
  world_run (world, 50);
  stack_run (&world->stacks[0], server_restart, NULL);

  /* and the same ports may be used again, as soon as the sequence number is higher */
  for (guint i = 0; i < 10; i++)
    {
      stack_run (&world->stacks[1], client_connect_from, &connect);
      world_run (world, 1500);
      if (connect.conn->received == 100)
        break;
      stack_run (&world->stacks[1], client_abort, connect.conn);
    }
  g_assert_cmpuint (connect.conn->received, ==, 100);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  world_free (world);
}

static void
loop_connect (Stack *stack, gpointer data)
{
  Connect *connect = data;
  ip_addr_t address;
  struct tcp_pcb *pcb = tcp_new_ip_type (connect->ipv6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);

  memset (&address, 0, sizeof address);
  if (connect->ipv6)
    {
      stack_ip6 (stack->id, ip_2_ip6 (&address));
      IP_SET_TYPE_VAL (address, IPADDR_TYPE_V6);
    }
  else
    stack_ip4 (stack, stack->id, ip_2_ip4 (&address));
  connect->conn = conn_new (stack, pcb);
  connect->conn->to_send = connect->bytes;
  connect->conn->close_when_done = TRUE;
  g_assert_cmpint (tcp_connect (pcb, &address, 80, conn_connected), ==, ERR_OK);
}

static void
test_loopback (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 500000, .ipv6 = GPOINTER_TO_INT (data) };
  guint64 frames;

  /* as for a device that fills in the checksums */
  world->chksum_flags =
      NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
  world_start (world);
  world_run (world, 5000);
  frames = world->frames;
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[0], loop_connect, &connect);
  /* one poll is one packet further, not the whole conversation */
  stack_run (&world->stacks[0], stack_poll, NULL);
  g_assert_false (connect.conn->connected);
  world_run (world, 4000);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpuint (world->frames - frames, <, 10);
  world_free (world);
}

/* UDP, fragments, ping */

typedef struct {
  struct udp_pcb *pcb;
  guint received;
  guint bytes;
  gboolean bad;
} Udp;

static void
udp_received (void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr, u16_t port)
{
  Udp *udp = arg;
  g_autofree guint8 *data = g_malloc (p->tot_len);

  pbuf_copy_partial (p, data, p->tot_len, 0);
  udp->received++;
  udp->bytes += p->tot_len;
  if (memcmp (data, pattern, p->tot_len) != 0)
    udp->bad = TRUE;
  pbuf_free (p);
}

static void
udp_open (Stack *stack, gpointer data)
{
  Udp *udp = data;

  udp->pcb = udp_new_ip_type (IPADDR_TYPE_ANY);
  udp_bind (udp->pcb, IP_ANY_TYPE, 5000);
  udp_recv (udp->pcb, udp_received, udp);
}

static void
udp_shut (Stack *stack, gpointer data)
{
  Udp *udp = data;

  udp_remove (udp->pcb);
}

typedef struct {
  gboolean ipv6;
  guint16 len;
  guint16 port;
} Datagram;

static void
udp_send_one (Stack *stack, gpointer data)
{
  Datagram *datagram = data;
  struct udp_pcb *pcb = udp_new_ip_type (datagram->ipv6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
  struct pbuf *p = pbuf_alloc (PBUF_TRANSPORT, datagram->len, PBUF_RAM);
  ip_addr_t address;

  memset (&address, 0, sizeof address);
  if (datagram->ipv6)
    {
      stack_ip6 (1 - stack->id, ip_2_ip6 (&address));
      IP_SET_TYPE_VAL (address, IPADDR_TYPE_V6);
    }
  else
    stack_ip4 (stack, 1 - stack->id, ip_2_ip4 (&address));
  pbuf_take (p, pattern, datagram->len);
  g_assert_cmpint (udp_sendto (pcb, p, &address, datagram->port != 0 ? datagram->port : 5000), ==,
                   ERR_OK);
  pbuf_free (p);
  udp_remove (pcb);
}

static void
test_fragments (gconstpointer data)
{
  World *world = world_new (7);
  Udp udp = { 0 };
  Datagram datagram = { .ipv6 = GPOINTER_TO_INT (data) };
  guint bytes = 0;

  world_start (world);
  world->reorder = 0.5;
  stack_run (&world->stacks[0], udp_open, &udp);
  datagram.len = 10;
  stack_run (&world->stacks[1], udp_send_one, &datagram);
  world_run (world, 100);
  bytes = 10;
  g_assert_cmpuint (udp.received, ==, 1);
  for (guint i = 0; i < 200; i++)
    {
      datagram.len = (guint16) g_rand_int_range (world->rand, 1, 60000);
      bytes += datagram.len;
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world_run (world, 20);
      g_assert_cmpuint (udp.received, ==, i + 2);
      g_assert_cmpuint (udp.bytes, ==, bytes);
      g_assert_false (udp.bad);
    }

  /* an incomplete one is given up, and lwip_fini () frees another */
  world->loss = 0.5;
  world->reorder = 0;
  datagram.len = 60000;
  stack_run (&world->stacks[1], udp_send_one, &datagram);
  world_run (world, 70000);
  stack_run (&world->stacks[1], udp_send_one, &datagram);
  world_run (world, 100);
  g_assert_cmpuint (udp.received, ==, 201);
  stack_run (&world->stacks[0], udp_shut, &udp);
  world_free (world);
}

/* frames of our own making */

static GByteArray *
frame_ip4 (guint8 proto, const guint8 *payload, guint len)
{
  GByteArray *frame = g_byte_array_new ();
  guint8 eth[ETH_LEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00 };
  guint8 ip[20] = { 0x45,
                    0,
                    (guint8) ((20 + len) >> 8),
                    (guint8) (20 + len),
                    0,
                    0,
                    0,
                    0,
                    64,
                    proto,
                    0,
                    0,
                    10,
                    0,
                    0,
                    2,
                    10,
                    0,
                    0,
                    1 };
  guint16 sum = inet_chksum (ip, 20);

  memcpy (ip + 10, &sum, 2);
  g_byte_array_append (frame, eth, ETH_LEN);
  g_byte_array_append (frame, ip, 20);
  g_byte_array_append (frame, payload, len);
  return frame;
}

static GByteArray *
frame_ip6 (guint8 nexth, const guint8 *payload, guint len)
{
  GByteArray *frame = g_byte_array_new ();
  guint8 eth[ETH_LEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd };
  guint8 ip[40] = { 0x60 };

  ip[4] = (guint8) (len >> 8);
  ip[5] = (guint8) len;
  ip[6] = nexth;
  ip[7] = 255;
  ip[8] = ip[24] = 0xfd;
  ip[23] = 2;
  ip[39] = 1;
  g_byte_array_append (frame, eth, ETH_LEN);
  g_byte_array_append (frame, ip, 40);
  g_byte_array_append (frame, payload, len);
  return frame;
}

static void
inject (Stack *stack, gpointer data)
{
  GByteArray *bytes = data;
  struct pbuf *p = exact_pbuf_new (bytes->data, (guint16) bytes->len);

  if (stack->netif.input (p, &stack->netif) != ERR_OK)
    pbuf_free (p);
  netif_poll_all ();
}

/* Hands a frame to stack 0 and returns how many frames it sends back. */
static guint
world_inject (World *world, GByteArray *bytes)
{
  Stack *stack = &world->stacks[0];
  guint n;

  stack_run (stack, inject, bytes);
  g_byte_array_unref (bytes);
  n = stack->out.length;
  g_queue_clear_full (&stack->out, g_free);
  return n;
}

static void
test_ping (void)
{
  World *world = world_new (1);
  guint8 echo[64] = { ICMP_ECHO };
  guint8 echo6[64] = { ICMP6_TYPE_EREQ };
  guint16 sum;
  Frame *reply;

  world_start (world);
  world->split = TRUE;
  for (guint i = 8; i < sizeof echo; i++)
    echo[i] = echo6[i] = (guint8) i;

  sum = inet_chksum (echo, sizeof echo);
  memcpy (echo + 2, &sum, 2);
  /* the stacks know each other after this */
  {
    Datagram datagram = { .len = 1 }, datagram6 = { .len = 1, .ipv6 = TRUE };
    stack_run (&world->stacks[0], udp_send_one, &datagram);
    stack_run (&world->stacks[0], udp_send_one, &datagram6);
    world_run (world, 100);
  }
  {
    GByteArray *bytes = frame_ip4 (IP_PROTO_ICMP, echo, sizeof echo);
    stack_run (&world->stacks[0], inject, bytes);
    g_byte_array_unref (bytes);
    reply = g_queue_pop_head (&world->stacks[0].out);
    g_assert_nonnull (reply);
    g_assert_cmpuint (reply->len, ==, ETH_LEN + 20 + 64);
    g_assert_cmpuint (reply->data[ETH_LEN + 20], ==, ICMP_ER);
    g_assert_cmpmem (reply->data + ETH_LEN + 28, 56, echo + 8, 56);
    g_assert_cmpuint (inet_chksum (reply->data + ETH_LEN + 20, 64), ==, 0);
    g_free (reply);
  }
  {
    GByteArray *bytes = frame_ip6 (IP6_NEXTH_ICMP6, echo6, sizeof echo6);
    /* the pseudo header is the addresses, the length and the protocol */
    guint8 pseudo[40] = { [35] = 64, [39] = IP6_NEXTH_ICMP6 };
    guint32 total;
    memcpy (pseudo, bytes->data + ETH_LEN + 8, 32);
    total = (guint16) ~inet_chksum (pseudo, 40) + (guint16) ~inet_chksum (echo6, 64);
    sum = (guint16) ~((total & 0xffff) + (total >> 16));
    memcpy (bytes->data + ETH_LEN + 42, &sum, 2);
    stack_run (&world->stacks[0], inject, bytes);
    g_byte_array_unref (bytes);
    reply = g_queue_pop_head (&world->stacks[0].out);
    g_assert_nonnull (reply);
    g_assert_cmpuint (reply->len, ==, ETH_LEN + 40 + 64);
    g_assert_cmpuint (reply->data[ETH_LEN + 40], ==, ICMP6_TYPE_EREP);
    g_assert_cmpmem (reply->data + ETH_LEN + 48, 56, echo6 + 8, 56);
    g_free (reply);
  }
  world_free (world);
}

/* a peer that is not lwIP and does what it wants */

typedef struct {
  World *world;
  guint16 port;
  guint32 seq;
  guint32 ack;
  guint8 options[40];
  guint options_len;
  guint16 window;

  /* the last TCP segment of the answer */
  guint replies;
  guint8 flags;
  guint32 reply_seq;
  guint32 reply_ack;
  guint16 reply_window;
  guint reply_len;
  guint16 reply_id;
} Peer;

static void
peer_send (Peer *peer, guint8 flags, guint32 seq, guint32 ack, guint len)
{
  Stack *stack = &peer->world->stacks[0];
  g_autofree guint8 *segment = g_malloc0 (20 + 40 + len);
  guint hlen = 20 + ((peer->options_len + 3) & ~3u);
  guint8 *tcp = segment;
  GByteArray *bytes;
  Frame *frame;

  tcp[0] = (guint8) (peer->port >> 8);
  tcp[1] = (guint8) peer->port;
  tcp[3] = 80;
  for (guint i = 0; i < 4; i++)
    {
      tcp[4 + i] = (guint8) (seq >> (24 - 8 * i));
      tcp[8 + i] = (guint8) (ack >> (24 - 8 * i));
    }
  tcp[12] = (guint8) (hlen / 4 << 4);
  tcp[13] = flags;
  tcp[14] = (guint8) (peer->window >> 8);
  tcp[15] = (guint8) peer->window;
  memcpy (tcp + 20, peer->options, peer->options_len);
  for (guint i = 0; i < len; i++)
    tcp[hlen + i] = pattern[(seq - peer->seq + i) % PATTERN_PERIOD];
  bytes = frame_ip4 (IP_PROTO_TCP, segment, hlen + len);
  stack_run (stack, inject, bytes);
  g_byte_array_unref (bytes);
  peer->replies = 0;
  while ((frame = g_queue_pop_head (&stack->out)) != NULL)
    {
      const guint8 *ip = frame->data + ETH_LEN, *reply = ip + 20;
      if (frame->data[13] == 0 && ip[9] == IP_PROTO_TCP)
        {
          peer->replies++;
          peer->flags = reply[13];
          peer->reply_id = (guint16) (ip[4] << 8 | ip[5]);
          peer->reply_window = (guint16) (reply[14] << 8 | reply[15]);
          peer->reply_seq = peer->reply_ack = 0;
          for (guint i = 0; i < 4; i++)
            {
              peer->reply_seq = peer->reply_seq << 8 | reply[4 + i];
              peer->reply_ack = peer->reply_ack << 8 | reply[8 + i];
            }
          peer->reply_len = (guint) (ip[2] << 8 | ip[3]) - 20 - (reply[12] >> 4) * 4;
        }
      g_free (frame);
    }
}

/* Opens a connection, with the options in peer. */
static Conn *
peer_open (Peer *peer)
{
  Stack *stack = &peer->world->stacks[0];
  guint before = stack->conns->len;

  peer->port++;
  peer->seq = 1000;
  peer_send (peer, TCP_SYN, 999, 0, 0);
  g_assert_cmpuint (peer->replies, ==, 1);
  g_assert_cmphex (peer->flags, ==, TCP_SYN | TCP_ACK);
  peer->ack = peer->reply_seq + 1;
  peer->options_len = 0;
  peer_send (peer, TCP_ACK, peer->seq, peer->ack, 0);
  g_assert_cmpuint (stack->conns->len, ==, before + 1);
  return stack->conns->pdata[before];
}

static void
peer_learn (Stack *stack, gpointer data)
{
  struct eth_addr mac = { { 2, 0, 0, 0, 0, 2 } };
  ip4_addr_t addr;

  stack_ip4 (stack, 1, &addr);
  g_assert_cmpint (etharp_add_static_entry (&addr, &mac), ==, ERR_OK);
}

static World *
peer_start (Peer *peer)
{
  World *world = world_new (1);

  memset (peer, 0, sizeof *peer);
  peer->world = world;
  peer->port = 2000;
  peer->window = 0xffff;
  world->chksum_flags = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP |
                        NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_GEN_ICMP6;
  world_start (world);
  world->cut[0] = world->cut[1] = TRUE;
  stack_run (&world->stacks[0], peer_learn, NULL);
  server_holds = TRUE;
  stack_run (&world->stacks[0], server_listen, NULL);
  return world;
}

static void
peer_stop (Peer *peer)
{
  server_holds = FALSE;
  world_free (peer->world);
}

static void
test_hostile_sequence (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);
  guint32 nxt = peer.seq;

  peer_send (&peer, TCP_PSH, nxt, 0, 10);
  g_assert_cmpuint (conn->received, ==, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, nxt, peer.ack + 0x40000000u, 10);
  g_assert_cmpuint (conn->received, ==, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  g_assert_cmphex (peer.flags, ==, TCP_ACK);
  world_run (world, 100);
  peer_send (&peer, TCP_ACK | TCP_PSH, nxt, peer.ack - 0x40000000u, 10);
  g_assert_cmpuint (conn->received, ==, 0);
  g_assert_cmpuint (peer.replies, ==, 1);

  /* RST and SYN: only exactly the next number resets, all else is challenged, and not too often */
  world_run (world, 100);
  peer_send (&peer, TCP_RST, nxt + 100, 0, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  peer_send (&peer, TCP_RST, nxt + 100, 0, 0);
  g_assert_cmpuint (peer.replies, ==, 0);
  peer_send (&peer, TCP_RST, nxt - 1, 0, 0);
  peer_send (&peer, TCP_RST, nxt + 0x1000000, 0, 0);
  world_run (world, 100);
  peer_send (&peer, TCP_SYN, nxt + 100, 0, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  g_assert_cmphex (peer.flags, ==, TCP_ACK);
  g_assert_nonnull (conn->pcb);

  /* an ACK counts only with a sequence number inside the window */
  world_run (world, 100);
  peer_send (&peer, TCP_ACK, nxt - 100000, peer.ack, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  for (guint i = 0; i < 1000; i++)
    {
      peer_send (&peer, TCP_ACK, nxt - 100000, peer.ack, 0);
      g_assert_cmpuint (peer.replies, ==, 0);
    }
  peer_send (&peer, TCP_ACK | TCP_PSH, nxt, peer.ack, 10);
  g_assert_cmpuint (conn->received, ==, 10);
  peer_send (&peer, TCP_RST, nxt + 10, 0, 0);
  g_assert_null (conn->pcb);
  g_assert_cmpint (conn->err, ==, ERR_RST);
  peer_stop (&peer);
}

typedef struct {
  struct tcp_pcb *pcb;
  guint ooseq;
  guint16 mss;
  guint32 rcv_wnd;
  guint8 snd_scale;
  gint rto;
} PcbInfo;

static void
pcb_info (Stack *stack, gpointer data)
{
  PcbInfo *info = data;

  info->ooseq = 0;
  for (struct tcp_seg *seg = info->pcb->ooseq; seg != NULL; seg = seg->next)
    info->ooseq++;
  info->mss = info->pcb->mss;
  info->rcv_wnd = info->pcb->rcv_wnd;
  info->snd_scale = info->pcb->snd_scale;
  info->rto = info->pcb->rto;
}

static void
conn_write (Stack *stack, gpointer data)
{
  Conn *conn = data;

  g_assert_cmpint (tcp_write (conn->pcb, pattern, 1000, TCP_WRITE_FLAG_COPY), ==, ERR_OK);
  tcp_output (conn->pcb);
}

static void
set_options (Peer *peer, const guint8 *options, guint len)
{
  memcpy (peer->options, options, len);
  peer->options_len = len;
}

static void
test_hostile_options (void)
{
  static const guint8 mss_1[] = { 2, 4, 0, 1 };
  static const guint8 all[] = { 2, 4, 5, 180, 1, 3, 3, 200, 1, 1, 4, 2 };
  static const guint8 odd[][8] = {
    { 2, 4, 0 },
    { 2 },
    { 3, 3 },
    { 5, 10, 0, 0, 0, 0, 0, 0 },
    { 5, 2 },
    { 5, 255 },
    { 8, 0 },
    { 8, 1 },
    { 253, 255 },
    { 1, 1, 1, 1, 1, 1, 1, 2 },
    { 5, 9, 1, 2, 3, 4, 5, 6 },
    { 4 },
    { 2, 0 },
    { 5, 0 },
  };
  Peer peer;
  PcbInfo info;
  Conn *conn;
  guint16 port;

  peer_start (&peer);
  set_options (&peer, mss_1, sizeof mss_1);
  conn = peer_open (&peer);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.mss, ==, 64);
  stack_run (&peer.world->stacks[0], conn_write, conn);
  g_assert_cmpuint (peer.world->stacks[0].out.length, >, 1);
  g_queue_clear_full (&peer.world->stacks[0].out, g_free);

  /* a scale above 14, and options in a segment that is no SYN */
  set_options (&peer, all, sizeof all);
  conn = peer_open (&peer);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.snd_scale, ==, 14);
  g_assert_cmpuint (info.mss, ==, 1460);
  stack_run (&peer.world->stacks[0], conn_write, conn);
  set_options (&peer, mss_1, sizeof mss_1);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.mss, ==, 1460);
  stack_run (&peer.world->stacks[0], conn_write, conn);

  port = peer.port;
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    for (guint len = 1; len <= 8; len++)
      {
        set_options (&peer, odd[i], len);
        peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + i * 8 + len, peer.ack, 1);
        set_options (&peer, odd[i], len);
        peer_send (&peer, TCP_ACK, peer.seq + i * 8 + len + 1, peer.ack, 0);
        set_options (&peer, odd[i], len);
        peer.port = (guint16) (port + 1 + i * 8 + len);
        peer_send (&peer, TCP_SYN, 1, 0, 0);
        peer.port = port;
      }
  g_assert_nonnull (conn->pcb);
  g_assert_cmpuint (world_count (peer.world, 0).active, >, G_N_ELEMENTS (odd) * 8);
  peer_stop (&peer);
}

/* answers within the millisecond */
static void
test_no_rtt (void)
{
  Peer peer;
  PcbInfo info;

  peer_start (&peer);
  for (guint i = 0; i < 4; i++)
    {
      Conn *conn = peer_open (&peer);
      for (guint j = 0; j < 4; j++)
        {
          stack_run (&peer.world->stacks[0], conn_write, conn);
          g_queue_clear_full (&peer.world->stacks[0].out, g_free);
          peer.ack += 1000;
          peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
          info.pcb = conn->pcb;
          stack_run (&peer.world->stacks[0], pcb_info, &info);
          g_assert_cmpint (info.rto, >, 0);
          g_assert_cmpint (info.rto * TCP_TMR_INTERVAL, <, 1000);
          world_run (peer.world, 1);
        }
    }
  peer_stop (&peer);
}

/* What is written while the only segment to be sent is a repeated one from the middle of the
 * stream belongs to the end of the stream. */
static void
test_write_in_recovery (void)
{
  static const guint8 mss_sack[] = { 2, 4, 1100 >> 8, 1100 & 0xff, 1, 1, 4, 2 };
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn;

  set_options (&peer, mss_sack, sizeof mss_sack);
  conn = peer_open (&peer);
  for (guint i = 0; i < 5; i++)
    stack_run (&world->stacks[0], conn_write, conn);
  g_queue_clear_full (&world->stacks[0].out, g_free);

  /* all but the first, with data whose echo is written before anything is sent */
  conn->echo = TRUE;
  memset (peer.options, 1, 2);
  peer.options[2] = 5;
  peer.options[3] = 10;
  for (guint i = 0; i < 4; i++)
    {
      peer.options[4 + i] = (guint8) ((peer.ack + 1000) >> (24 - 8 * i));
      peer.options[8 + i] = (guint8) ((peer.ack + 5000) >> (24 - 8 * i));
    }
  peer.options_len = 12;
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 5);
  g_assert_cmpuint (peer.replies, ==, 2);
  g_assert_cmpuint (peer.reply_seq, ==, peer.ack + 5000);
  g_assert_cmpuint (peer.reply_len, ==, 5);
  peer_stop (&peer);
}

/* SACK blocks that make no sense, while data is in flight */
static void
test_hostile_sack (void)
{
  static const guint8 all[] = { 2, 4, 5, 180, 1, 3, 3, 7, 1, 1, 4, 2 };
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn;

  set_options (&peer, all, sizeof all);
  conn = peer_open (&peer);
  conn->to_send = 100000;
  for (guint i = 0; i < 3; i++)
    stack_run (&world->stacks[0], conn_write, conn);
  for (guint i = 0; i < 2000; i++)
    {
      guint32 base = peer.ack;
      peer.options[0] = peer.options[1] = 1;
      peer.options[2] = 5;
      peer.options[3] = 34;
      for (guint j = 0; j < 8; j++)
        {
          guint32 edge = base + (guint32) g_rand_int_range (world->rand, -3000, 6000);
          if (g_rand_int_range (world->rand, 0, 20) == 0)
            edge = g_rand_int (world->rand);
          for (guint k = 0; k < 4; k++)
            peer.options[4 + 4 * j + k] = (guint8) (edge >> (24 - 8 * k));
        }
      peer.options_len = 36;
      peer_send (&peer, TCP_ACK, peer.seq, base + (guint32) g_rand_int_range (world->rand, 0, 3001),
                 0);
      if (i % 50 == 0)
        world_run (world, 300);
      if (i % 97 == 0 && conn->pcb != NULL && tcp_sndbuf (conn->pcb) > 2000)
        stack_run (&world->stacks[0], conn_write, conn);
    }
  g_assert_nonnull (conn->pcb);
  peer_stop (&peer);
}

static void
test_hostile_out_of_order (void)
{
  Peer peer;
  PcbInfo info;
  Conn *conn;
  guint32 edge;
  gint before;

  peer_start (&peer);
  conn = peer_open (&peer);
  before = g_atomic_int_get (&allocations);
  for (guint i = 0; i < 25000; i++)
    peer_send (&peer, TCP_ACK, peer.seq + 2 + i * 2, peer.ack, 1);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.ooseq, <=, TCP_OOSEQ_MAX_PBUFS);
  g_assert_cmpint (g_atomic_int_get (&allocations) - before, <=, 3 * TCP_OOSEQ_MAX_PBUFS);

  /* over the right edge of the window, upstream bug 56397 */
  conn = peer_open (&peer);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  edge = peer.seq + info.rcv_wnd;
  peer_send (&peer, TCP_ACK, edge - 1000, peer.ack, 500);
  peer_send (&peer, TCP_ACK, edge - 500, peer.ack, 1000);
  peer_send (&peer, TCP_ACK | TCP_FIN, edge - 500, peer.ack, 1400);
  peer_send (&peer, TCP_ACK | TCP_FIN, edge - 1, peer.ack, 1);
  for (guint32 seq = peer.seq; seq != edge - 1000;)
    {
      guint n = MIN (1400, edge - 1000 - seq);
      peer_send (&peer, TCP_ACK, seq, peer.ack, n);
      seq += n;
    }
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.rcv_wnd, ==, 0);
  g_assert_cmpuint (conn->received, ==, 0xffff);
  g_assert_false (conn->bad);
  g_assert_false (conn->eof);

  /* the same for the first segment that is out of order, and for one before another */
  for (guint i = 0; i < 2; i++)
    {
      conn = peer_open (&peer);
      info.pcb = conn->pcb;
      stack_run (&peer.world->stacks[0], pcb_info, &info);
      edge = peer.seq + info.rcv_wnd;
      if (i == 1)
        peer_send (&peer, TCP_ACK, edge - 10, peer.ack, 5);
      peer_send (&peer, TCP_ACK | TCP_FIN, edge - 300, peer.ack, 1400);
      for (guint32 seq = peer.seq; seq != edge;)
        {
          guint n = MIN (1400, edge - seq);
          peer_send (&peer, TCP_ACK, seq, peer.ack, n);
          seq += n;
        }
      stack_run (&peer.world->stacks[0], pcb_info, &info);
      g_assert_cmpuint (info.rcv_wnd, ==, 0);
      g_assert_cmpuint (conn->received, ==, 0xffff);
      g_assert_false (conn->bad);
      g_assert_false (conn->eof);
    }

  /* a segment that covers one with a FIN and goes on behind it */
  conn = peer_open (&peer);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq + 100, peer.ack, 50);
  peer_send (&peer, TCP_ACK, peer.seq + 50, peer.ack, 500);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 50);
  g_assert_cmpuint (conn->received, ==, 150);
  g_assert_true (conn->eof);
  g_assert_cmpuint (peer.reply_ack, ==, peer.seq + 151);

  /* data behind a FIN, before and after the FIN was there */
  conn = peer_open (&peer);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq + 100, peer.ack, 50);
  peer_send (&peer, TCP_ACK, peer.seq + 151, peer.ack, 50);
  peer_send (&peer, TCP_ACK, peer.seq + 120, peer.ack, 500);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 800);
  g_assert_cmpuint (conn->received, ==, 150);
  g_assert_true (conn->eof);
  g_assert_cmpuint (peer.reply_ack, ==, peer.seq + 151);
  peer_send (&peer, TCP_ACK, peer.seq + 151, peer.ack, 50);
  g_assert_cmpuint (conn->received, ==, 150);

  /* random pieces of one stream, all of them overlapping */
  for (guint round = 0; round < 20; round++)
    {
      guint total = 60000;
      conn = peer_open (&peer);
      for (guint i = 0; i < 300; i++)
        {
          guint at = (guint) g_rand_int_range (peer.world->rand, 0, (gint) total);
          guint most = (guint) g_rand_int_range (peer.world->rand, 1, 1460);
          guint n = MIN (most, total - at);
          peer_send (&peer, TCP_ACK | (at + n == total ? TCP_FIN : 0), peer.seq + at, peer.ack, n);
        }
      for (guint at = 0; at < total; at += 1000)
        peer_send (&peer, TCP_ACK | (at + 1000 == total ? TCP_FIN : 0), peer.seq + at, peer.ack,
                   1000);
      g_assert_cmpuint (conn->received, ==, total);
      g_assert_false (conn->bad);
      g_assert_true (conn->eof);
    }
  peer_stop (&peer);
}

static void
test_hostile_syn_flood (void)
{
  static const guint8 mss_1000[] = { 2, 4, 1000 >> 8, 1000 & 0xff };
  Peer peer;
  World *world = peer_start (&peer);
  PcbInfo info;
  Conn *conn;
  guint32 cookie;
  guint answered = 0;
  guint16 ids[100];
  guint ascending = 0;

  for (guint i = 0; i < 25000; i++)
    {
      peer.port++;
      peer_send (&peer, TCP_SYN, 1, 0, 0);
      answered += peer.replies > 0;
      if (i < 100)
        ids[i] = peer.reply_id;
    }
  /* the last ones with a cookie, and without keeping them */
  g_assert_cmpuint (answered, ==, 25000);
  g_assert_cmpuint (world_count (world, 0).active, ==, 20000);
  for (guint i = 1; i < 100; i++)
    ascending += (guint16) (ids[i] - ids[i - 1]) == 1;
  g_assert_cmpuint (ascending, <, 5);

  /* who comes now is served, with the MSS that it has announced */
  set_options (&peer, mss_1000, sizeof mss_1000);
  conn = peer_open (&peer);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 100);
  g_assert_cmpuint (conn->received, ==, 100);
  g_assert_false (conn->bad);
  info.pcb = conn->pcb;
  stack_run (&world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.mss, ==, 536);
  g_assert_cmpuint (world_count (world, 0).active, ==, 20001);
  stack_run (&world->stacks[0], conn_write, conn);
  peer_send (&peer, TCP_ACK, peer.seq + 100, peer.ack + 1000, 0);
  g_assert_cmpuint (conn->acked, ==, 1000);

  /* but not with a forged cookie, the cookie of another, or an old one */
  peer.port++;
  peer_send (&peer, TCP_SYN, 999, 0, 0);
  g_assert_cmphex (peer.flags, ==, TCP_SYN | TCP_ACK);
  cookie = peer.reply_seq;
  for (guint i = 1; i < 100; i++)
    {
      peer_send (&peer, TCP_ACK, 1000, cookie + 1 + i, 0);
      g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);
    }
  peer_send (&peer, TCP_ACK, 1001, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);
  peer.port++;
  peer_send (&peer, TCP_ACK, 1000, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);
  peer.port--;
  world_run (world, 130000);
  peer_send (&peer, TCP_ACK, 1000, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);

  /* the others are given up in time */
  g_assert_cmpuint (world_count (world, 0).active, ==, 1);
  peer_open (&peer);
  peer_stop (&peer);
}

typedef struct {
  struct stats_ stats;
} Stats;

static void
stack_stats (Stack *stack, gpointer data)
{
  Stats *stats = data;

  stats->stats = lwip_stats;
}

static void
test_hostile_ip (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Stats before, after;
  GByteArray *bytes;
  guint8 payload[2000] = { 0 };
  Udp udp = { 0 };

  stack_run (stack, udp_open, &udp);
  stack_run (stack, stack_stats, &before);

  /* frames that end too early */
  for (guint len = 1; len < 60; len++)
    {
      static const guint16 types[] = { 0x0800, 0x0806, 0x86dd, 0x8100, 0x88cc };
      for (guint i = 0; i < G_N_ELEMENTS (types); i++)
        {
          bytes = g_byte_array_new ();
          g_byte_array_append (bytes, (const guint8 *) "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
          g_byte_array_append (bytes, (const guint8[]){ types[i] >> 8, types[i] & 0xff, 0x45, 0 },
                               4);
          if (types[i] == 0x86dd)
            bytes->data[14] = 0x60;
          g_byte_array_append (bytes, payload, len);
          g_byte_array_set_size (bytes, len);
          world_inject (world, bytes);
        }
    }

  /* an IP length that lies */
  for (guint i = 0; i < 65536; i += 77)
    {
      bytes = frame_ip4 (IP_PROTO_UDP, payload, 30);
      bytes->data[ETH_LEN + 2] = (guint8) (i >> 8);
      bytes->data[ETH_LEN + 3] = (guint8) i;
      world_inject (world, bytes);
    }
  for (guint i = 0; i < 16; i++)
    {
      bytes = frame_ip4 (IP_PROTO_UDP, payload, 30);
      bytes->data[ETH_LEN] = (guint8) (0x40 | i);
      world_inject (world, bytes);
    }

  /* a UDP length that lies, and one that is shorter than the packet */
  payload[2] = 5000 >> 8;
  payload[3] = 5000 & 0xff;
  payload[5] = 200;
  world_inject (world, frame_ip4 (IP_PROTO_UDP, payload, 100));
  payload[5] = 7;
  world_inject (world, frame_ip4 (IP_PROTO_UDP, payload, 100));
  g_assert_cmpuint (udp.received, ==, 0);
  payload[5] = 50;
  world_inject (world, frame_ip4 (IP_PROTO_UDP, payload, 100));
  g_assert_cmpuint (udp.received, ==, 1);
  g_assert_cmpuint (udp.bytes, ==, 42);

  /* nobody out there is us, nor 127.0.0.1 */
  bytes = frame_ip4 (IP_PROTO_UDP, payload, 50);
  bytes->data[ETH_LEN + 15] = 1;
  world_inject (world, bytes);
  bytes = frame_ip4 (IP_PROTO_UDP, payload, 50);
  memcpy (bytes->data + ETH_LEN + 16, "\x7f\0\0\1", 4);
  world_inject (world, bytes);
  bytes = frame_ip4 (IP_PROTO_UDP, payload, 50);
  memcpy (bytes->data + ETH_LEN + 12, "\x7f\0\0\1", 4);
  world_inject (world, bytes);
  bytes = frame_ip6 (IP6_NEXTH_UDP, payload, 50);
  bytes->data[ETH_LEN + 23] = 1;
  world_inject (world, bytes);
  bytes = frame_ip6 (IP6_NEXTH_UDP, payload, 50);
  memset (bytes->data + ETH_LEN + 24, 0, 15);
  world_inject (world, bytes);
  /* and over IPv6 there is a checksum; this netif leaves that to its device */
  g_assert_cmpuint (udp.received, ==, 1);

  stack_run (stack, stack_stats, &after);
  g_assert_cmpuint (after.stats.ip.drop, >, before.stats.ip.drop);
  g_assert_cmpuint (after.stats.ip.lenerr, >, before.stats.ip.lenerr);
  g_assert_cmpuint (after.stats.ip6.drop, >, before.stats.ip6.drop);
  g_assert_cmpuint (after.stats.etharp.lenerr, >, before.stats.etharp.lenerr);
  g_assert_cmpuint (after.stats.udp.lenerr, >=, before.stats.udp.lenerr + 2);
  stack_run (stack, udp_shut, &udp);
  peer_stop (&peer);
}

static void
inject_part4 (World *world, guint16 id, guint offset, guint len, gboolean more,
              const guint8 *payload)
{
  GByteArray *bytes = frame_ip4 (IP_PROTO_UDP, payload, len);

  bytes->data[ETH_LEN + 4] = (guint8) (id >> 8);
  bytes->data[ETH_LEN + 5] = (guint8) id;
  bytes->data[ETH_LEN + 6] = (guint8) (offset >> 11 | (more ? 0x20 : 0));
  bytes->data[ETH_LEN + 7] = (guint8) (offset >> 3);
  world_inject (world, bytes);
}

static void
inject_fragment4 (World *world, guint16 id, guint offset, guint len, gboolean more)
{
  guint8 payload[1600] = { 0 };

  inject_part4 (world, id, offset, len, more, payload);
}

static void
inject_fragment6 (World *world, guint16 id, guint offset, guint len, gboolean more, guint8 nexth)
{
  guint8 payload[1600] = { 0 };

  payload[0] = nexth;
  payload[2] = (guint8) (offset >> 8);
  payload[3] = (guint8) (offset | more);
  payload[6] = (guint8) (id >> 8);
  payload[7] = (guint8) id;
  /* a fragment header again, for those that are nested */
  payload[8] = IP6_NEXTH_FRAGMENT;
  payload[11] = 1;
  world_inject (world, frame_ip6 (IP6_NEXTH_FRAGMENT, payload, 8 + len));
}

static void
test_hostile_fragments (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Udp udp = { 0 };
  Stats before, after;
  guint8 datagram[48] = { 0x10, 0, 0x13, 0x88, 0, 24 };

  /* a datagram of 24 bytes: nothing comes behind its end, and it has only one */
  stack_run (&world->stacks[0], udp_open, &udp);
  memcpy (datagram + 8, pattern, 40);
  stack_run (&world->stacks[0], stack_stats, &before);
  inject_part4 (world, 7, 0, 8, TRUE, datagram);
  inject_part4 (world, 7, 16, 8, FALSE, datagram + 16);
  inject_part4 (world, 7, 24, 8, TRUE, datagram + 24);
  inject_part4 (world, 7, 32, 8, FALSE, datagram + 32);
  inject_part4 (world, 7, 8, 8, TRUE, datagram + 8);
  g_assert_cmpuint (udp.received, ==, 1);
  g_assert_cmpuint (udp.bytes, ==, 16);
  g_assert_false (udp.bad);
  /* nor is the end before something else */
  inject_part4 (world, 8, 0, 8, TRUE, datagram);
  inject_part4 (world, 8, 24, 8, TRUE, datagram + 24);
  inject_part4 (world, 8, 16, 8, FALSE, datagram + 16);
  inject_part4 (world, 8, 8, 8, TRUE, datagram + 8);
  g_assert_cmpuint (udp.received, ==, 1);
  stack_run (&world->stacks[0], stack_stats, &after);
  g_assert_cmpuint (after.stats.ip_frag.proterr - before.stats.ip_frag.proterr, ==, 3);

  /* longer than a datagram can be: its header does not count in the offset */
  stack_run (&world->stacks[0], stack_stats, &before);
  inject_fragment4 (world, 9, 65504, 8, TRUE);
  inject_fragment4 (world, 9, 65512, 3, FALSE);
  inject_fragment4 (world, 10, 65512, 4, FALSE);
  inject_fragment4 (world, 10, 65528, 8, FALSE);
  stack_run (&world->stacks[0], stack_stats, &after);
  g_assert_cmpuint (after.stats.ip_frag.proterr - before.stats.ip_frag.proterr, ==, 2);

  /* gaps, behind the end, two ends, nothing in it */
  for (guint i = 0; i < 65536; i += 1480)
    inject_fragment4 (world, 1, i, 1480, TRUE);
  inject_fragment4 (world, 1, 65528, 1480, TRUE);
  inject_fragment4 (world, 2, 0, 8, TRUE);
  inject_fragment4 (world, 2, 24, 8, FALSE);
  inject_fragment4 (world, 2, 16, 8, TRUE);
  inject_fragment4 (world, 2, 32, 8, TRUE);
  inject_fragment4 (world, 2, 40, 8, FALSE);
  inject_fragment4 (world, 2, 8, 8, TRUE);
  inject_fragment4 (world, 3, 0, 0, TRUE);
  inject_fragment4 (world, 3, 8, 0, FALSE);
  inject_fragment4 (world, 3, 0, 8, TRUE);
  for (guint i = 0; i < 65528; i += 1480)
    inject_fragment6 (world, 1, i, 1480, TRUE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 1, 65528, 1480, TRUE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 2, 0, 8, TRUE, IP6_NEXTH_FRAGMENT);
  inject_fragment6 (world, 2, 24, 8, FALSE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 2, 16, 8, TRUE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 2, 8, 8, TRUE, IP6_NEXTH_UDP);
  /* the reassembled packet is a fragment again, and completed by its middle */
  for (guint i = 0; i < 50; i++)
    {
      inject_fragment6 (world, (guint16) (100 + i), 0, 64, TRUE, IP6_NEXTH_FRAGMENT);
      inject_fragment6 (world, (guint16) (100 + i), 128, 64, FALSE, IP6_NEXTH_FRAGMENT);
      inject_fragment6 (world, (guint16) (100 + i), 64, 64, TRUE, IP6_NEXTH_FRAGMENT);
    }
  /* at random, and more than there is room for */
  for (guint i = 0; i < 20000; i++)
    {
      guint offset = (guint) g_rand_int_range (world->rand, 0, 8192) * 8;
      guint len = (guint) g_rand_int_range (world->rand, 0, 180) * 8;
      gboolean more = g_rand_int_range (world->rand, 0, 4) != 0;
      guint16 id = (guint16) g_rand_int_range (world->rand, 0, 20);
      if (i % 3 == 0)
        offset &= 0x7f;
      if (i % 2)
        inject_fragment4 (world, id, offset, len, more);
      else
        inject_fragment6 (world, id, offset, len, more,
                          i % 10 ? IP6_NEXTH_UDP : IP6_NEXTH_FRAGMENT);
    }
  world_run (world, 70000);
  stack_run (&world->stacks[0], udp_shut, &udp);
  peer_stop (&peer);
}

static void
inject_icmp6 (World *world, guint8 *payload, guint len, gboolean link_local)
{
  GByteArray *bytes = frame_ip6 (IP6_NEXTH_ICMP6, payload, len);

  if (link_local)
    {
      memcpy (bytes->data + ETH_LEN + 8, "\xfe\x80", 2);
      bytes->data[ETH_LEN + 23] = 9;
    }
  world_inject (world, bytes);
}

typedef struct {
  u16_t mtu;
} Mtu;

static void
stack_peer_mtu (Stack *stack, gpointer data)
{
  Mtu *mtu = data;
  ip6_addr_t addr;

  stack_ip6 (1, &addr);
  mtu->mtu = nd6_get_destination_mtu (&addr, &stack->netif);
}

static void
test_hostile_neighbor (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Datagram datagram = { .len = 1, .ipv6 = TRUE };
  guint8 message[200];
  Mtu mtu;
  static const struct {
    guint32 mtu;
    guint16 expect;
  } too_big[] = { { 0, 1500 },    { 59, 1500 },   { 1279, 1500 },       { 9000, 1500 },
                  { 1400, 1400 }, { 1450, 1400 }, { 0xffffffff, 1400 }, { 1280, 1280 } };

  stack_run (&world->stacks[0], udp_send_one, &datagram);

  /* options of every length, of length 0, and too long */
  for (guint type = ICMP6_TYPE_RS; type <= ICMP6_TYPE_RD; type++)
    for (guint fill = 0; fill < 7; fill++)
      for (guint len = 4; len < 120; len++)
        {
          memset (message, fill < 4 ? (gint) fill : 0xff, sizeof message);
          message[0] = (guint8) type;
          message[1] = 0;
          if (fill >= 5)
            {
              /* our own address, and an option that is empty, or goes on behind the end */
              memset (message + 8, 0, 32);
              message[8] = 0xfd;
              message[23] = 1;
              message[24] = type == ICMP6_TYPE_NA ? 2 : 1;
              message[25] = fill == 6;
            }
          inject_icmp6 (world, message, len, len % 2 != 0);
        }
  /* multicast listener messages */
  for (guint type = ICMP6_TYPE_MLQ; type <= ICMP6_TYPE_MLD; type++)
    for (guint len = 4; len < 40; len++)
      {
        memset (message, 0, sizeof message);
        message[0] = (guint8) type;
        inject_icmp6 (world, message, len, TRUE);
      }

  for (guint i = 0; i < G_N_ELEMENTS (too_big); i++)
    {
      memset (message, 0, sizeof message);
      message[0] = ICMP6_TYPE_PTB;
      for (guint j = 0; j < 4; j++)
        message[4 + j] = (guint8) (too_big[i].mtu >> (24 - 8 * j));
      message[8] = 0x60;
      message[32] = 0xfd;
      message[47] = 2;
      inject_icmp6 (world, message, 48, FALSE);
      stack_run (&world->stacks[0], stack_peer_mtu, &mtu);
      g_assert_cmpuint (mtu.mtu, ==, too_big[i].expect);
    }
  world_run (world, 5000);
  peer_stop (&peer);
}

static void
test_hostile_extension_headers (void)
{
  static const guint8 headers[] = { IP6_NEXTH_HOPBYHOP,
                                    IP6_NEXTH_DESTOPTS,
                                    IP6_NEXTH_ROUTING,
                                    IP6_NEXTH_FRAGMENT,
                                    IP6_NEXTH_NONE,
                                    IP6_NEXTH_ICMP6,
                                    200 };
  Peer peer;
  World *world = peer_start (&peer);

  for (guint i = 0; i < 60000; i++)
    {
      guint8 payload[64];
      guint len = (guint) g_rand_int_range (world->rand, 0, 64);
      for (guint j = 0; j < len; j++)
        payload[j] = (guint8) (g_rand_int_range (world->rand, 0, 3) ? g_rand_int (world->rand) % 7
                                                                    : g_rand_int (world->rand));
      if (len > 0)
        payload[0] = headers[g_rand_int_range (world->rand, 0, G_N_ELEMENTS (headers))];
      world_inject (world, frame_ip6 (headers[i % G_N_ELEMENTS (headers)], payload, len));
      if (i % 1000 == 0)
        world_run (world, 2);
    }
  peer_stop (&peer);
}

/* Frames of a real exchange, changed at random. */

typedef struct {
  GPtrArray *frames;
} Capture;

static gboolean
filter_capture (World *world, guint from, const guint8 *data, guint len)
{
  Capture *capture = world->filter_data;

  if (from == 1 && capture->frames->len < 400)
    {
      GByteArray *bytes = g_byte_array_new ();
      g_byte_array_append (bytes, data, len);
      g_ptr_array_add (capture->frames, bytes);
    }
  return TRUE;
}

static void
test_hostile_mutations (void)
{
  World *world = world_new (3);
  Capture capture = { g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref) };
  Connect connect = { .bytes = 20000 };
  Udp udp = { 0 };

  world->filter = filter_capture;
  world->filter_data = &capture;
  world->chksum_flags = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP |
                        NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_GEN_ICMP6;
  world_start (world);
  stack_run (&world->stacks[0], udp_open, &udp);
  stack_run (&world->stacks[0], server_listen, NULL);
  for (guint i = 0; i < 2; i++)
    {
      Datagram datagram = { .len = 4000, .ipv6 = i };
      connect.ipv6 = i;
      transfer (world, &connect, 20000);
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world_run (world, 20);
    }
  g_assert_cmpuint (capture.frames->len, >, 30);
  world->filter = NULL;
  for (guint i = 0; i < 100000; i++)
    {
      const GByteArray *original =
          capture.frames->pdata[g_rand_int_range (world->rand, 0, (gint) capture.frames->len)];
      GByteArray *bytes = g_byte_array_new ();
      guint changes = (guint) g_rand_int_range (world->rand, 0, 6);

      g_byte_array_append (bytes, original->data, original->len);
      while (changes-- > 0)
        {
          /* mostly in the headers */
          gint end =
              (gint) (g_rand_int_range (world->rand, 0, 4) ? MIN (bytes->len, 90) : bytes->len);
          bytes->data[g_rand_int_range (world->rand, 12, end)] = (guint8) g_rand_int (world->rand);
        }
      if (g_rand_int_range (world->rand, 0, 4) == 0)
        g_byte_array_set_size (bytes,
                               (guint) g_rand_int_range (world->rand, 1, (gint) bytes->len + 1));
      world_inject (world, bytes);
      if (i % 100 == 0)
        world_run (world, 1);
      if (i % 10000 == 0)
        world_run (world, 3000);
    }
  stack_run (&world->stacks[0], udp_shut, &udp);
  g_ptr_array_unref (capture.frames);
  world_free (world);
}

/* memory, threads, addresses */

static void
push_all (Stack *stack, gpointer data)
{
  for (guint i = 0; i < stack->conns->len; i++)
    conn_push (stack->conns->pdata[i]);
}

static void
test_low_memory (void)
{
  for (gint every = 3; every < 40; every += 4)
    {
      World *world = world_new ((guint32) every);
      Connect connect = { .bytes = 200000, .small = every % 2 != 0 };

      world->loss = 0.01;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], client_connect, &connect);
      g_atomic_int_set (&allocations_fail_every, every);
      world_run (world, 3000);
      g_atomic_int_set (&allocations_fail_every, 0);
      for (guint i = 0; i < 600 && connect.conn->pcb != NULL; i++)
        {
          world_run (world, 100);
          for (guint j = 0; j < 2; j++)
            stack_run (&world->stacks[j], push_all, NULL);
        }
      g_assert_false (connect.conn->bad);
      if (connect.conn->err == ERR_OK)
        g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
      world_free (world);
    }
}

static void
init_with_little_memory (Stack *stack, gpointer data)
{
  guint failures = 0;

  for (gint left = 0;; left++)
    {
      err_t err;
      g_atomic_int_set (&allocations_left, left);
      err = lwip_init_checked ();
      g_atomic_int_set (&allocations_left, -1);
      if (err == ERR_OK)
        break;
      g_assert_cmpint (err, ==, ERR_MEM);
      g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
      failures++;
    }
  lwip_fini ();
  lwip_fini ();
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
  g_assert_cmpuint (failures, >=, 10);
}

static void
test_init (void)
{
  World *world = world_new (1);

  world_start (world);
  stack_run (&world->stacks[0], stack_down, NULL);
  stack_run (&world->stacks[1], stack_down, NULL);
  stack_run (&world->stacks[0], init_with_little_memory, NULL);
  stack_run (&world->stacks[0], stack_up, NULL);
  stack_run (&world->stacks[1], stack_up, NULL);
  world_free (world);
}

static void
dns_found (const char *name, const ip_addr_t *addr, void *arg)
{
  guint *calls = arg;

  g_assert_null (addr);
  (*calls)++;
}

static void
never_called (void *arg)
{
  g_assert_not_reached ();
}

static void
leave_things_open (Stack *stack, gpointer data)
{
  ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 99), result;
  ip4_addr_t group;
  ip6_addr_t group6;
  ip4_addr_t neighbor;
  struct pbuf *p;

  /* a question that nobody answers, packets for neighbors that are not there, groups */
  dns_setserver (0, &address);
  g_assert_cmpint (dns_gethostbyname ("example.test", &result, dns_found, data), ==,
                   ERR_INPROGRESS);
  IP4_ADDR (&group, 239, 1, 2, 3);
  igmp_joingroup_netif (&stack->netif, &group);
  IP6_ADDR (&group6, PP_HTONL (0xff050000), 0, 0, PP_HTONL (0x99));
  mld6_joingroup_netif (&stack->netif, &group6);
  for (u8_t i = 0; i < 200; i++)
    {
      p = pbuf_alloc (PBUF_IP, 10, PBUF_RAM);
      IP4_ADDR (&neighbor, 10, 0, 0, (u8_t) (i + 30));
      ip4_output (p, NULL, &neighbor, 64, 0, 99);
      pbuf_free (p);
    }
  for (guint i = 0; i < 300; i++)
    {
      p = pbuf_alloc (PBUF_IP, 10, PBUF_RAM);
      stack_ip6 (1000 + i / 3, &group6);
      ip6_output (p, ip_2_ip6 (&stack->netif.ip6_addr[1]), &group6, 64, 0, 99);
      pbuf_free (p);
    }
  /* to oneself, and not yet polled */
  p = pbuf_alloc (PBUF_IP, 10, PBUF_RAM);
  ip4_output (p, NULL, netif_ip4_addr (&stack->netif), 64, 0, 99);
  pbuf_free (p);
  sys_timeout (1000, never_called, NULL);
}

static void
test_fini (void)
{
  World *world = world_new (5);
  guint calls = 0;

  world_start (world);
  for (guint round = 0; round < 4; round++)
    {
      Connect connect = { .bytes = 50000, .ipv6 = round % 2, .count = 20 };
      Datagram datagram = { .len = 30000, .ipv6 = round % 2 };

      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], client_connect, &connect);
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world->loss = round > 1 ? 0.2 : 0;
      world_run (world, 5 + round * 7);
      stack_run (&world->stacks[0], leave_things_open, &calls);
      world_run (world, round);
      for (guint i = 0; i < 2; i++)
        {
          stack_run (&world->stacks[i], stack_down, NULL);
          g_queue_clear_full (&world->stacks[i].in, g_free);
          g_queue_clear_full (&world->stacks[i].out, g_free);
        }
      g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
      g_assert_cmpuint (calls, ==, round + 1);
      for (guint i = 0; i < 2; i++)
        stack_run (&world->stacks[i], stack_up, NULL);
    }
  world->loss = 0;
  {
    Connect connect = { .bytes = 50000 };
    stack_run (&world->stacks[0], server_listen, NULL);
    transfer (world, &connect, 5000);
  }
  world_free (world);
}

static struct netif second_netif;

static void
add_second_address (Stack *stack, gpointer data)
{
  ip4_addr_t addr, mask, gateway;

  IP4_ADDR (&addr, 10, 0, 0, 50);
  IP4_ADDR (&mask, 255, 255, 255, 0);
  ip4_addr_set_zero (&gateway);
  g_assert_nonnull (
      netif_add (&second_netif, &addr, &mask, &gateway, stack, stack_netif_init, ethernet_input));
  netif_set_up (&second_netif);
}

static void
remove_second_address (Stack *stack, gpointer data)
{
  netif_remove (&second_netif);
}

static void
connect_to_second (Stack *stack, gpointer data)
{
  Connect *connect = data;
  ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 50);
  struct tcp_pcb *pcb = tcp_new ();

  connect->conn = conn_new (stack, pcb);
  connect->conn->to_send = connect->bytes;
  connect->conn->close_when_done = TRUE;
  g_assert_cmpint (tcp_connect (pcb, &address, 80, conn_connected), ==, ERR_OK);
}

/* One netif for every address, all of them on the same device. */
static void
test_second_address (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 10000 };
  guint64 frames;

  world_start (world);
  stack_run (&world->stacks[0], add_second_address, NULL);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], connect_to_second, &connect);
  world_run (world, 3000);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);

  /* also from the other address of the same host, without a frame on the wire */
  world_run (world, 3000);
  frames = world->frames;
  stack_run (&world->stacks[0], connect_to_second, &connect);
  world_run (world, 500);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
  g_assert_cmpuint (world->frames - frames, <, 5);
  stack_run (&world->stacks[0], remove_second_address, NULL);
  world_free (world);
}

static void
set_ports_modulus (Stack *stack, gpointer data)
{
  ports_modulus = GPOINTER_TO_UINT (data);
}

static void
set_route_by_gateway (Stack *stack, gpointer data)
{
  route_by_gateway = GPOINTER_TO_INT (data);
}

static void
check_ports (Stack *stack, gpointer data)
{
  guint n = 0;
  const struct udp_pcb *udp;

  for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next, n++)
    g_assert_cmpuint (pcb->local_port % ports_modulus, ==, 0);
  g_assert_cmpuint (n, ==, 200);

  n = 0;
  for (guint i = 0; i < 200; i++)
    {
      struct udp_pcb *pcb = udp_new ();
      g_assert_cmpint (udp_bind (pcb, IP_ADDR_ANY, 0), ==, ERR_OK);
    }
  for (udp = udp_pcbs; udp != NULL; udp = udp->next, n++)
    g_assert_cmpuint (udp->local_port % ports_modulus, ==, 0);
  g_assert_cmpuint (n, ==, 200);
  while (udp_pcbs != NULL)
    udp_remove (udp_pcbs);

  /* where there is none */
  ports_modulus = 65537;
  g_assert_true (dpdk_lwip_port_is_ours (0));
  {
    struct udp_pcb *pcb = udp_new ();
    struct tcp_pcb *tcp = tcp_new ();
    ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 1);
    g_assert_cmpint (udp_bind (pcb, IP_ADDR_ANY, 0), ==, ERR_USE);
    udp_remove (pcb);
    g_assert_cmpint (tcp_connect (tcp, &address, 80, NULL), !=, ERR_OK);
    tcp_abort (tcp);
  }
}

/* Of several threads only one gets the answers to a port. */
static void
test_ports (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 1000, .count = 200 };

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], set_ports_modulus, GUINT_TO_POINTER (7));
  stack_run (&world->stacks[1], client_connect, &connect);
  stack_run (&world->stacks[1], check_ports, NULL);
  world_free (world);
}

typedef struct {
  guint direct;
  guint gateway;
} Solicitations;

static gboolean
filter_solicitations (World *world, guint from, const guint8 *data, guint len)
{
  Solicitations *count = world->filter_data;

  if (from == 1 && len >= 78 && data[12] == 0x86 && data[13] == 0xdd && data[20] == 58 &&
      data[54] == 135)
    {
      count->direct += data[62] == 0xfd;
      count->gateway += data[62] == 0xfe;
    }
  return TRUE;
}

/* The port decides what is on the link and which gateway has the rest. */
static void
test_subnets (void)
{
  for (guint by_gateway = 0; by_gateway < 2; by_gateway++)
    {
      World *world = world_new (1);
      Connect connect = { .bytes = 10000, .ipv6 = TRUE };
      Solicitations count = { 0 };

      world->filter = filter_solicitations;
      world->filter_data = &count;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], set_route_by_gateway, GINT_TO_POINTER (by_gateway));
      transfer (world, &connect, 5000);
      g_assert_cmpuint (by_gateway ? count.gateway : count.direct, >, 0);
      g_assert_cmpuint (by_gateway ? count.direct : count.gateway, ==, 0);
      world_free (world);
    }
}

/* byte by byte, as RFC 1071 has it */
static guint16
checksum_reference (const guint8 *data, guint len)
{
  guint64 sum = 0;

  for (guint i = 0; i < len; i++)
    sum += (guint64) data[i] << (i % 2 == (G_BYTE_ORDER == G_BIG_ENDIAN) ? 0 : 8);
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return (guint16) sum;
}

static void
test_checksum (void)
{
  g_autofree guint8 *buffer = g_malloc (66000);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < 66000; i++)
    buffer[i] = (guint8) g_rand_int (rand);
  for (guint offset = 0; offset < 17; offset++)
    for (guint len = 0; len < 600; len++)
      g_assert_cmphex (dpdk_lwip_checksum (buffer + offset, (int) len), ==,
                       checksum_reference (buffer + offset, len));
  for (guint i = 0; i < 5000; i++)
    {
      guint offset = (guint) g_rand_int_range (rand, 0, 64);
      guint len = (guint) g_rand_int_range (rand, 0, 65536);
      /* the end of the buffer is the end of the allocation */
      if (i % 2)
        offset = 66000 - len;
      g_assert_cmphex (dpdk_lwip_checksum (buffer + offset, (int) len), ==,
                       checksum_reference (buffer + offset, len));
    }
  memset (buffer, 0xff, 66000);
  for (guint len = 0; len < 65536; len += 13)
    g_assert_cmphex (dpdk_lwip_checksum (buffer, (int) len), ==, checksum_reference (buffer, len));
  memset (buffer, 0, 66000);
  g_assert_cmphex (dpdk_lwip_checksum (buffer, 1500), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (42);

  for (guint i = 0; i < PATTERN_PERIOD; i++)
    pattern[i] = pattern[i + PATTERN_PERIOD] = (guint8) g_rand_int (rand);
  clock_ms = 0xfffff000; /* it wraps during the tests */

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lwip/checksum", test_checksum);
  g_test_add_func ("/lwip/init", test_init);
  g_test_add_func ("/lwip/fini", test_fini);
  g_test_add_data_func ("/lwip/echo/ipv4", GINT_TO_POINTER (0), test_echo);
  g_test_add_data_func ("/lwip/echo/ipv6", GINT_TO_POINTER (1), test_echo);
  g_test_add_data_func ("/lwip/lossy/ipv4", GINT_TO_POINTER (0), test_lossy);
  g_test_add_data_func ("/lwip/lossy/ipv6", GINT_TO_POINTER (1), test_lossy);
  g_test_add_data_func ("/lwip/lossy/small-writes/ipv4", GINT_TO_POINTER (2), test_lossy);
  g_test_add_data_func ("/lwip/lossy/small-writes/ipv6", GINT_TO_POINTER (3), test_lossy);
  g_test_add_func ("/lwip/mss", test_mss);
  g_test_add_func ("/lwip/window-scale", test_window_scale);
  g_test_add_data_func ("/lwip/zero-window/ipv4", GINT_TO_POINTER (0), test_zero_window);
  g_test_add_data_func ("/lwip/zero-window/ipv6", GINT_TO_POINTER (1), test_zero_window);
  g_test_add_func ("/lwip/many-connections", test_many_connections);
  g_test_add_data_func ("/lwip/reset/ipv4", GINT_TO_POINTER (0), test_reset);
  g_test_add_data_func ("/lwip/reset/ipv6", GINT_TO_POINTER (1), test_reset);
  g_test_add_func ("/lwip/connect-timeout", test_connect_timeout);
  g_test_add_func ("/lwip/keepalive", test_keepalive);
  g_test_add_func ("/lwip/bind", test_bind);
  g_test_add_func ("/lwip/second-address", test_second_address);
  g_test_add_func ("/lwip/ports", test_ports);
  g_test_add_func ("/lwip/subnets", test_subnets);
  g_test_add_data_func ("/lwip/loopback/ipv4", GINT_TO_POINTER (0), test_loopback);
  g_test_add_data_func ("/lwip/loopback/ipv6", GINT_TO_POINTER (1), test_loopback);
  g_test_add_data_func ("/lwip/fragments/ipv4", GINT_TO_POINTER (0), test_fragments);
  g_test_add_data_func ("/lwip/fragments/ipv6", GINT_TO_POINTER (1), test_fragments);
  g_test_add_func ("/lwip/ping", test_ping);
  g_test_add_func ("/lwip/low-memory", test_low_memory);
  g_test_add_func ("/lwip/no-rtt", test_no_rtt);
  g_test_add_func ("/lwip/write-in-recovery", test_write_in_recovery);
  g_test_add_func ("/lwip/hostile/sequence", test_hostile_sequence);
  g_test_add_func ("/lwip/hostile/options", test_hostile_options);
  g_test_add_func ("/lwip/hostile/sack", test_hostile_sack);
  g_test_add_func ("/lwip/hostile/out-of-order", test_hostile_out_of_order);
  g_test_add_func ("/lwip/hostile/syn-flood", test_hostile_syn_flood);
  g_test_add_func ("/lwip/hostile/ip", test_hostile_ip);
  g_test_add_func ("/lwip/hostile/fragments", test_hostile_fragments);
  g_test_add_func ("/lwip/hostile/neighbor", test_hostile_neighbor);
  g_test_add_func ("/lwip/hostile/extension-headers", test_hostile_extension_headers);
  g_test_add_func ("/lwip/hostile/mutations", test_hostile_mutations);
  return g_test_run ();
}
