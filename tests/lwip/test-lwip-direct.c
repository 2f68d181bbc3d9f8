/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The short way of the segments of a connection, past Ethernet, IP and neighbours: what is on the wire is
 * the same as if they had gone the long way, and whatever is unusual does go it. */

#include "lwip-peer.h"

#include <lwip/tcp_params.h>

#define IS_V6(frame) ((frame)[12] == 0x86 && (frame)[13] == 0xdd)
#define BYTES 400000
#define ND_TICKS (LWIP_ND6_REACHABLE_TIME / 1000)

typedef enum {
  TO_LINK,
  TO_GATEWAY,
  TO_LINK_LOCAL,
} Destination;

typedef struct {
  gboolean ipv6;
  Destination destination;
  gboolean large;
  gboolean small;
  gboolean split;
  gboolean options; /* timestamps and ECN */
  double loss;
  double reorder;
} Case;

/* all that has left the two stacks, and when */
typedef struct {
  GByteArray *bytes;
  guint64 n_direct_in;
  guint64 n_direct_out;
  guint n_segments;
} Trace;

/* RFC 6864: the identification of what is not to be fragmented means nothing */
static gboolean
trace_frame (World *world, guint from, const guint8 *data, guint len)
{
  g_autofree guint8 *frame = g_memdup2 (data, len);
  guint32 head[] = { from, clock_ms, len };
  Trace *trace = world->filter_data;

  if (IS_V6 (data))
    trace->n_segments += frame[ETH_LEN + 6] == IP_PROTO_TCP;
  else if (data[12] == 0x08 && data[13] == 0x00)
    {
      trace->n_segments += frame[ETH_LEN + 9] == IP_PROTO_TCP;
      memset (frame + ETH_LEN + 4, 0, 2);
      memset (frame + ETH_LEN + 10, 0, 2);
    }
  g_byte_array_append (trace->bytes, (const guint8 *) head, sizeof head);
  g_byte_array_append (trace->bytes, frame, len);
  return TRUE;
}

static void
set_route_by_gateway (Stack *stack, gpointer data)
{
  route_by_gateway = data != NULL;
}

static void
accept_options (Stack *stack, gpointer data)
{
  tcp_set_timestamps (stack->listener, 1);
  tcp_set_ecn (stack->listener, 1);
}

static void
use_options (struct tcp_pcb *pcb, gpointer data)
{
  tcp_set_timestamps (pcb, 1);
  tcp_set_ecn (pcb, 1);
  pcb->tos = 0x28;
  pcb->ttl = 77;
}

static void
run_case (const Case *self, gboolean long_way, Trace *trace)
{
  Connect connect = { .ipv6 = self->ipv6,
                      .link_local = self->destination == TO_LINK_LOCAL,
                      .small = self->small,
                      .bytes = BYTES,
                      .prepare = self->options ? use_options : NULL };
  World *world;

  clock_ms = 0xfffff000;
  world = world_new (21);
  world->long_way = long_way;
  world->split = self->split;
  world->delay = 3;
  world->loss = self->loss;
  world->reorder = self->reorder;
  if (self->large)
    {
      world->chksum_flags = NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP;
      world->large_max = 60000;
    }
  trace->bytes = g_byte_array_new ();
  world->filter = trace_frame;
  world->filter_data = trace;
  world_start (world);
  for (guint i = 0; i < 2; i++)
    stack_run (&world->stacks[i], set_route_by_gateway,
               GINT_TO_POINTER (self->destination == TO_GATEWAY));
  stack_run (&world->stacks[0], server_listen, NULL);
  if (self->options)
    stack_run (&world->stacks[0], accept_options, NULL);
  transfer (world, &connect, 200000);
  check_all_closed (world);
  trace->n_direct_in = world->n_direct_in;
  trace->n_direct_out = world->n_direct_out;
  world_free (world);
}

static void
test_same (gconstpointer data)
{
  const Case *self = data;
  Trace direct = { 0 }, other = { 0 };

  run_case (self, FALSE, &direct);
  run_case (self, TRUE, &other);
  g_assert_cmpuint (other.n_direct_in, ==, 0);
  /* what has waited for a neighbour */
  g_assert_cmpuint (other.n_direct_out, <, 4);
  g_assert_cmpuint (direct.n_segments, ==, other.n_segments);
  g_assert_true (direct.bytes->len == other.bytes->len &&
                 memcmp (direct.bytes->data, other.bytes->data, direct.bytes->len) == 0);
  /* but for those that open it, and are the first that the neighbour is asked for; those of IPv4 that are
     larger than the MTU go the other way */
  if (!self->large)
    g_assert_cmpuint (direct.n_direct_out, >=, direct.n_segments * 9 / 10);
  else
    g_assert_cmpuint (direct.n_direct_out, >, 50);
  if (self->loss == 0)
    g_assert_cmpuint (direct.n_direct_in, >=, direct.n_segments * 9 / 10);
  g_byte_array_unref (direct.bytes);
  g_byte_array_unref (other.bytes);
}

/* a connection of two stacks that know each other, which may go on sending */
static Conn *
open_connection (World *world, Connect *connect)
{
  world_start (world);
  world_run (world, 3000);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, connect);
  connect->conn->close_when_done = FALSE;
  world_run (world, 1000);
  g_assert_true (connect->conn->connected);
  return connect->conn;
}

static void
write_more (Stack *stack, gpointer data)
{
  Conn *conn = data;

  conn->to_send += 1000;
  conn_push (conn);
}

/* what the client writes comes back */
static void
exchange (World *world, Conn *conn)
{
  guint64 before = conn->received;

  stack_run (&world->stacks[1], write_more, conn);
  for (guint i = 0; i < 60000 && conn->received < before + 1000; i += 20)
    world_run (world, 20);
  g_assert_cmpuint (conn->received, ==, before + 1000);
  g_assert_false (conn->bad);
}

/* the same, and how many segments of it have left the short way */
static guint64
exchange_directly (World *world, Conn *conn)
{
  guint64 before = world->n_direct_out;

  exchange (world, conn);
  return world->n_direct_out - before;
}

static void
read_state (Stack *stack, gpointer data)
{
  guint8 *state = data;

  *state = ND6_NO_ENTRY;
  for (guint i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
    {
      const struct nd6_neighbor_cache_entry *entry = &(*neighbor_cache_p)[i];

      if (entry->state != ND6_NO_ENTRY && entry->next_hop_address.addr[0] == PP_HTONL (0xfd000000))
        *state = entry->state;
    }
}

static guint8
get_state (World *world)
{
  guint8 state;

  stack_run (&world->stacks[1], read_state, &state);
  return state;
}

typedef struct {
  guint unicast;
  guint multicast;
  guint segments;
} Solicitations;

static gboolean
count_solicitations (World *world, guint from, const guint8 *data, guint len)
{
  Solicitations *count = world->filter_data;

  if (from != 1 || !IS_V6 (data))
    return TRUE;
  count->segments += data[ETH_LEN + 6] == IP_PROTO_TCP;
  if (data[ETH_LEN + 6] == IP6_NEXTH_ICMP6 && data[ETH_LEN + 40] == ICMP6_TYPE_NS)
    {
      count->multicast += data[0] == 0x33;
      count->unicast += data[0] != 0x33;
    }
  return TRUE;
}

/* RFC 4861 7.3: a neighbour is asked again when nothing has been heard of it, and TCP hears of it */
static void
test_unreachability (void)
{
  World *world = world_new (22);
  Connect connect = { .ipv6 = TRUE };
  Solicitations count = { 0 };
  Conn *conn = open_connection (world, &connect);

  world->filter = count_solicitations;
  world->filter_data = &count;
  g_assert_cmpuint (exchange_directly (world, conn), >, 0);
  g_assert_cmpuint (get_state (world), ==, ND6_REACHABLE);
  /* as long as there is progress nobody asks */
  for (guint i = 0; i < 3 * ND_TICKS; i++)
    {
      g_assert_cmpuint (exchange_directly (world, conn), >=, 2);
      world_run (world, 1000);
    }
  g_assert_cmpuint (count.unicast + count.multicast, ==, 0);
  g_assert_cmpuint (get_state (world), ==, ND6_REACHABLE);

  /* what comes after a rest goes the long way, which looks after the neighbour */
  world_run (world, LWIP_ND6_REACHABLE_TIME + 5000);
  g_assert_cmpuint (get_state (world), ==, ND6_STALE);
  world->cut[1] = TRUE;
  world->n_direct_out = 0;
  count.segments = 0;
  stack_run (&world->stacks[1], write_more, conn);
  g_assert_cmpuint (get_state (world), ==, ND6_DELAY);
  world_run (world, 1000);
  g_assert_cmpuint (world->n_direct_out, ==, 0);
  /* nobody answers: it is asked, then forgotten, and segments wait for an answer */
  world_run (world, LWIP_ND6_DELAY_FIRST_PROBE_TIME + 2000);
  g_assert_cmpuint (get_state (world), ==, ND6_PROBE);
  world_run (world, 60000);
  g_assert_cmpuint (count.segments, ==, 0);
  g_assert_cmpuint (world->n_direct_out, ==, 0);
  g_assert_cmpuint (get_state (world), !=, ND6_REACHABLE);
  /* and all goes on when it is there again */
  world->cut[1] = FALSE;
  for (guint i = 0; i < 600000 && conn->received < conn->sent; i += 20)
    world_run (world, 20);
  g_assert_cmpuint (conn->received, ==, conn->sent);
  g_assert_cmpuint (exchange_directly (world, conn), >, 0);
  g_assert_cmpuint (get_state (world), ==, ND6_REACHABLE);
  world_free (world);
}

static void
set_mac (Stack *stack, gpointer data)
{
  memcpy (stack->netif.hwaddr, data, 6);
}

static gboolean
check_mac (World *world, guint from, const guint8 *data, guint len)
{
  const guint8 *mac = world->filter_data;

  if (from == 1 && IS_V6 (data) && data[ETH_LEN + 6] == IP_PROTO_TCP)
    g_assert_cmpmem (data, 6, mac, 6);
  if (from == 0)
    g_assert_cmpmem (data + 6, 6, mac, 6);
  return TRUE;
}

static void
forget_neighbours (Stack *stack, gpointer data)
{
  nd6_cleanup_netif (&stack->netif);
}

/* the next segment goes to where the neighbour is by then, and says where we are */
static void
test_moved (void)
{
  static const guint8 mac[6] = { 2, 0, 0, 0, 7, 1 };
  World *world = world_new (23);
  Connect connect = { .ipv6 = TRUE };
  Conn *conn = open_connection (world, &connect);

  g_assert_cmpuint (exchange_directly (world, conn), >, 0);
  stack_run (&world->stacks[0], set_mac, (gpointer) mac);
  stack_run (&world->stacks[1], forget_neighbours, NULL);
  world->filter = check_mac;
  world->filter_data = (gpointer) mac;
  exchange (world, conn);
  g_assert_cmpuint (exchange_directly (world, conn), >, 0);
  world_free (world);
}

static void
netif_down (Stack *stack, gpointer data)
{
  netif_set_down (&stack->netif);
}

static void
netif_up (Stack *stack, gpointer data)
{
  netif_set_up (&stack->netif);
}

static gboolean
count_frames (World *world, guint from, const guint8 *data, guint len)
{
  (*(guint *) world->filter_data) += from == 1;
  return TRUE;
}

/* a connection does not go on using a route that is none any more */
static void
test_down (gconstpointer data)
{
  World *world = world_new (24);
  Connect connect = { .ipv6 = GPOINTER_TO_INT (data) };
  Conn *conn = open_connection (world, &connect);
  guint n_frames = 0;

  g_assert_cmpuint (exchange_directly (world, conn), >, 0);
  stack_run (&world->stacks[1], netif_down, NULL);
  world->filter = count_frames;
  world->filter_data = &n_frames;
  stack_run (&world->stacks[1], write_more, conn);
  world_run (world, 500);
  g_assert_cmpuint (n_frames, ==, 0);
  stack_run (&world->stacks[1], netif_up, NULL);
  for (guint i = 0; i < 60000 && conn->received < conn->sent; i += 20)
    world_run (world, 20);
  g_assert_cmpuint (conn->received, ==, conn->sent);
  g_assert_cmpuint (exchange_directly (world, conn), >, 0);
  world_free (world);
}

static void
remove_address (Stack *stack, gpointer data)
{
  if (data != NULL)
    netif_ip6_addr_set_state (&stack->netif, 1, IP6_ADDR_INVALID);
  else
    netif_set_ipaddr (&stack->netif, NULL);
}

/* a connection ends with its address, and what comes for it finds nobody */
static void
test_address_removed (gconstpointer data)
{
  World *world = world_new (25);
  Connect connect = { .ipv6 = GPOINTER_TO_INT (data) };
  Conn *conn = open_connection (world, &connect), *server;
  guint64 received;

  g_assert_cmpuint (exchange_directly (world, conn), >, 0);
  server = world->stacks[0].conns->pdata[0];
  received = server->received;
  world->cut[0] = TRUE;
  stack_run (&world->stacks[0], remove_address, (gpointer) data);
  g_assert_null (server->pcb);
  g_assert_cmpint (server->err, ==, ERR_ABRT);
  world->n_direct_in = 0;
  stack_run (&world->stacks[1], write_more, conn);
  world_run (world, 1000);
  g_assert_cmpuint (world->n_direct_in, ==, 0);
  g_assert_cmpuint (server->received, ==, received);
  world_free (world);
}

typedef struct {
  gboolean ipv6;
  gboolean loopback;
  GByteArray *frames[2];
  Conn *conn;
} Self;

static void
connect_to_self (Stack *stack, gpointer data)
{
  Self *self = data;
  struct tcp_pcb *pcb = tcp_new_ip_type (self->ipv6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
  ip_addr_t address;

  memset (&address, 0, sizeof address);
  if (self->ipv6)
    {
      stack_ip6 (stack->id, ip_2_ip6 (&address));
      if (self->loopback)
        ip6_addr_set_loopback (ip_2_ip6 (&address));
      IP_SET_TYPE_VAL (address, IPADDR_TYPE_V6);
    }
  else if (self->loopback)
    ip_addr_set_loopback_val (FALSE, address);
  else
    stack_ip4 (stack, stack->id, ip_2_ip4 (&address));
  self->conn = conn_new (stack, pcb);
  self->conn->to_send = BYTES;
  g_assert_cmpint (tcp_connect (pcb, &address, 80, conn_connected), ==, ERR_OK);
}

/* a RST that the connection would have to believe, if it had not come over the wire */
static GByteArray *
forge (const struct tcp_pcb *pcb)
{
  guint8 tcp[20] = { 0 };
  const gboolean ipv6 = IP_IS_V6_VAL (pcb->local_ip);
  GByteArray *frame;
  struct tcp_hdr *header = (struct tcp_hdr *) tcp;
  guint8 *ip;
  guint16 sum;

  header->src = lwip_htons (pcb->remote_port);
  header->dest = lwip_htons (pcb->local_port);
  header->seqno = lwip_htonl (pcb->rcv_nxt);
  TCPH_HDRLEN_FLAGS_SET (header, 5, TCP_RST);
  header->chksum = 0;
  frame =
      ipv6 ? frame_ip6 (IP6_NEXTH_TCP, tcp, sizeof tcp) : frame_ip4 (IP_PROTO_TCP, tcp, sizeof tcp);
  ip = frame->data + ETH_LEN;
  if (ipv6)
    {
      guint8 pseudo[60] = { 0 };

      memcpy (ip + 8, ip_2_ip6 (&pcb->remote_ip)->addr, 16);
      memcpy (ip + 24, ip_2_ip6 (&pcb->local_ip)->addr, 16);
      memcpy (pseudo, ip + 8, 32);
      pseudo[35] = sizeof tcp;
      pseudo[39] = IP6_NEXTH_TCP;
      memcpy (pseudo + 40, tcp, sizeof tcp);
      sum = inet_chksum (pseudo, sizeof pseudo);
    }
  else
    {
      guint8 pseudo[32] = { 0 };

      memcpy (ip + 12, &ip_2_ip4 (&pcb->remote_ip)->addr, 4);
      memcpy (ip + 16, &ip_2_ip4 (&pcb->local_ip)->addr, 4);
      memset (ip + 10, 0, 2);
      sum = inet_chksum (ip, 20);
      memcpy (ip + 10, &sum, 2);
      memcpy (pseudo, ip + 12, 8);
      pseudo[9] = IP_PROTO_TCP;
      pseudo[11] = sizeof tcp;
      memcpy (pseudo + 12, tcp, sizeof tcp);
      sum = inet_chksum (pseudo, sizeof pseudo);
    }
  memcpy (frame->data + frame->len - 4, &sum, 2);
  return frame;
}

static void
forge_both (Stack *stack, gpointer data)
{
  Self *self = data;
  guint n = 0;

  for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
    self->frames[n++] = forge (pcb);
  g_assert_cmpuint (n, ==, 2);
}

static void
inject_directly (Stack *stack, gpointer data)
{
  GByteArray *bytes = data;
  struct pbuf *p = exact_pbuf_new (bytes->data, (guint16) bytes->len);

  g_assert_false (tcp_direct_input (p, &stack->netif));
  pbuf_free (p);
}

/* RFC 1122 3.2.1.3: what is between us and ourselves does not come over a wire */
static void
test_self (gconstpointer data)
{
  World *world = world_new (26);
  Self self = { .ipv6 = (GPOINTER_TO_INT (data) & 1) != 0, .loopback = GPOINTER_TO_INT (data) > 1 };
  Stack *stack = &world->stacks[0];

  world_start (world);
  world_run (world, 3000);
  stack_run (stack, server_listen, NULL);
  stack_run (stack, connect_to_self, &self);
  world_run (world, 2000);
  g_assert_true (self.conn->connected);
  stack_run (stack, forge_both, &self);
  for (guint i = 0; i < 2; i++)
    {
      stack_run (stack, inject_directly, self.frames[i]);
      world_inject (world, self.frames[i]);
    }
  g_assert_cmpuint (world_count (world, 0).active, ==, 2);
  world_run (world, 20000);
  g_assert_cmpuint (self.conn->received, ==, BYTES);
  g_assert_cmpuint (world->n_direct_out, ==, 0);
  world_free (world);
}

static const struct {
  const char *path;
  Case value;
} cases[] = {
  { "ipv4/plain", { 0 } },
  { "ipv4/loss", { .loss = 0.02, .reorder = 0.05 } },
  { "ipv4/large", { .large = TRUE } },
  { "ipv4/options", { .options = TRUE, .split = TRUE, .small = TRUE } },
  { "ipv6/plain", { .ipv6 = TRUE } },
  { "ipv6/loss", { .ipv6 = TRUE, .loss = 0.02, .reorder = 0.05 } },
  { "ipv6/large", { .ipv6 = TRUE, .large = TRUE } },
  { "ipv6/options", { .ipv6 = TRUE, .options = TRUE, .split = TRUE, .small = TRUE } },
  { "ipv6/gateway", { .ipv6 = TRUE, .destination = TO_GATEWAY } },
  { "ipv6/link-local", { .ipv6 = TRUE, .destination = TO_LINK_LOCAL } },
};

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/lwip/direct/same/", cases[i].path, NULL);

      g_test_add_data_func (path, &cases[i].value, test_same);
    }
  g_test_add_func ("/lwip/direct/unreachability", test_unreachability);
  g_test_add_func ("/lwip/direct/moved", test_moved);
  g_test_add_data_func ("/lwip/direct/down/ipv4", GINT_TO_POINTER (0), test_down);
  g_test_add_data_func ("/lwip/direct/down/ipv6", GINT_TO_POINTER (1), test_down);
  g_test_add_data_func ("/lwip/direct/address-removed/ipv4", GINT_TO_POINTER (0),
                        test_address_removed);
  g_test_add_data_func ("/lwip/direct/address-removed/ipv6", GINT_TO_POINTER (1),
                        test_address_removed);
  g_test_add_data_func ("/lwip/direct/self/ipv4", GINT_TO_POINTER (0), test_self);
  g_test_add_data_func ("/lwip/direct/self/ipv6", GINT_TO_POINTER (1), test_self);
  g_test_add_data_func ("/lwip/direct/self/ipv4-loopback", GINT_TO_POINTER (2), test_self);
  g_test_add_data_func ("/lwip/direct/self/ipv6-loopback", GINT_TO_POINTER (3), test_self);
  return g_test_run ();
}
