/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of many UDP sockets a datagram is for, and what it costs to find that out. */

#include "lwip-peer.h"

#include <time.h>

#define PORT 5000
#define N_SOCKETS 40
#define N_SETS 60
#define N_DATAGRAMS 60
#define N_MANY 20000
#define N_ROUNDS 5
/* a walk over all sockets would take that many times as long and more */
#define MOST 60

typedef struct {
  struct udp_pcb *pcb;
  guint n_received;
} Socket;

/* what the peers and the stack are called */
typedef enum {
  ANY_TYPE,
  ANY_V4,
  ANY_V6,
  OURS_V4,
  OURS_V6,
  OTHER_V4,
  OTHER_V6,
  BROADCAST_V4,
  GROUP_V4,
  GROUP_V6,
  N_ADDRESSES,
} Address;

typedef struct {
  Socket sockets[N_SOCKETS];
  GRand *rand;
} Set;

static ip_addr_t
get_address (Stack *stack, Address which)
{
  ip_addr_t address;

  memset (&address, 0, sizeof address);
  IP_SET_TYPE_VAL (address,
                   which == OURS_V6 || which == OTHER_V6 || which == GROUP_V6 || which == ANY_V6
                       ? IPADDR_TYPE_V6
                   : which == ANY_TYPE ? IPADDR_TYPE_ANY
                                       : IPADDR_TYPE_V4);
  switch (which)
    {
    case OURS_V4:
      stack_ip4 (stack, stack->id, ip_2_ip4 (&address));
      break;
    case OURS_V6:
      stack_ip6 (stack->id, ip_2_ip6 (&address));
      break;
    case OTHER_V4:
      IP4_ADDR (ip_2_ip4 (&address), 10, 9, 9, 9);
      break;
    case OTHER_V6:
      stack_ip6 (99, ip_2_ip6 (&address));
      break;
    case BROADCAST_V4:
      IP4_ADDR (ip_2_ip4 (&address), 10, 0, 0, 255);
      break;
    case GROUP_V4:
      IP4_ADDR (ip_2_ip4 (&address), 224, 0, 0, 1);
      break;
    case GROUP_V6:
      ip6_addr_set_allnodes_linklocal (ip_2_ip6 (&address));
      ip6_addr_assign_zone (ip_2_ip6 (&address), IP6_UNKNOWN, &stack->netif);
      break;
    case ANY_TYPE:
    case ANY_V4:
    case ANY_V6:
    case N_ADDRESSES:
    default:
      break;
    }
  return address;
}

/* one of three hosts, or any */
static ip_addr_t
get_peer (gboolean is_v6, guint which)
{
  ip_addr_t address;

  memset (&address, 0, sizeof address);
  IP_SET_TYPE_VAL (address, is_v6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
  if (which == 0)
    return address;
  if (is_v6)
    stack_ip6 (10 + which, ip_2_ip6 (&address));
  else
    IP4_ADDR (ip_2_ip4 (&address), 10, 0, 0, (u8_t) (10 + which));
  return address;
}

static void
on_received (void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *address, u16_t port)
{
  ((Socket *) arg)->n_received++;
  pbuf_free (p);
}

static void
open_socket (Stack *stack, Socket *socket, GRand *rand)
{
  Address where = (Address) g_rand_int_range (rand, 0, N_ADDRESSES);
  ip_addr_t local = get_address (stack, where);
  guint16 port = (guint16) (PORT + g_rand_int_range (rand, 0, 2));

  socket->n_received = 0;
  socket->pcb = udp_new_ip_type (IP_GET_TYPE (&local));
  ip_set_option (socket->pcb, SOF_REUSEADDR);
  udp_recv (socket->pcb, on_received, socket);
  g_assert_cmpint (udp_bind (socket->pcb, &local, port), ==, ERR_OK);
  if (g_rand_boolean (rand))
    {
      gboolean is_v6 = where == ANY_TYPE ? g_rand_boolean (rand) : IP_IS_V6_VAL (local);
      ip_addr_t peer = get_peer (is_v6, (guint) g_rand_int_range (rand, 0, 4));

      g_assert_cmpint (
          udp_connect (socket->pcb, &peer, (guint16) g_rand_int_range (rand, 100, 103)), ==,
          ERR_OK);
      if (g_rand_int_range (rand, 0, 4) == 0)
        udp_disconnect (socket->pcb);
    }
}

static gboolean
is_connected (const struct udp_pcb *pcb)
{
  return (pcb->flags & UDP_FLAGS_CONNECTED) != 0;
}

static gboolean
is_for (const struct udp_pcb *pcb, const ip_addr_t *to, guint16 to_port, const ip_addr_t *from,
        guint16 from_port)
{
  if (pcb->local_port != to_port)
    return FALSE;
  if (!IP_IS_ANY_TYPE_VAL (pcb->local_ip) &&
      (IP_GET_TYPE (&pcb->local_ip) != IP_GET_TYPE (to) ||
       (!ip_addr_isany (&pcb->local_ip) && !ip_addr_cmp (&pcb->local_ip, to))))
    return FALSE;
  if (!is_connected (pcb))
    return TRUE;
  return pcb->remote_port == from_port &&
         (ip_addr_isany (&pcb->remote_ip) || ip_addr_cmp (&pcb->remote_ip, from));
}

/* a peer is better than any peer, that is better than an address, and that is better than nothing */
static guint
get_rank (const struct udp_pcb *pcb)
{
  if (is_connected (pcb) && !ip_addr_isany (&pcb->remote_ip))
    return 8;
  return 1u + (is_connected (pcb) ? 2 : 0) + (ip_addr_isany (&pcb->local_ip) ? 0 : 1);
}

static void
receive (Stack *stack, const ip_addr_t *to, guint16 to_port, const ip_addr_t *from,
         guint16 from_port)
{
  guint8 udp[16] = { (guint8) (from_port >> 8),
                     (guint8) from_port,
                     (guint8) (to_port >> 8),
                     (guint8) to_port,
                     0,
                     sizeof udp,
                     0xff,
                     0xff };
  GByteArray *frame;

  if (IP_IS_V6 (to))
    {
      frame = frame_ip6 (IP6_NEXTH_UDP, udp, sizeof udp);
      memcpy (frame->data + ETH_LEN + 8, ip_2_ip6 (from)->addr, 16);
      memcpy (frame->data + ETH_LEN + 24, ip_2_ip6 (to)->addr, 16);
    }
  else
    {
      frame = frame_ip4 (IP_PROTO_UDP, udp, sizeof udp);
      memcpy (frame->data + ETH_LEN + 12, &ip_2_ip4 (from)->addr, 4);
      memcpy (frame->data + ETH_LEN + 16, &ip_2_ip4 (to)->addr, 4);
    }
  inject (stack, frame);
  g_byte_array_unref (frame);
}

static void
check_datagram (Stack *stack, Set *set)
{
  static const Address destinations[] = { OURS_V4, OURS_V6, BROADCAST_V4, GROUP_V4, GROUP_V6 };
  ip_addr_t to = get_address (stack, destinations[g_rand_int_range (set->rand, 0, 5)]);
  ip_addr_t from = get_peer (IP_IS_V6_VAL (to), (guint) g_rand_int_range (set->rand, 1, 4));
  const gboolean is_for_all = ip_addr_ismulticast (&to) || ip_addr_isbroadcast (&to, &stack->netif);
  guint16 to_port = (guint16) (PORT + g_rand_int_range (set->rand, 0, 2));
  guint16 from_port = (guint16) g_rand_int_range (set->rand, 100, 103);
  guint best = 0, n = 0;

  for (guint i = 0; i < N_SOCKETS; i++)
    {
      set->sockets[i].n_received = 0;
      if (is_for (set->sockets[i].pcb, &to, to_port, &from, from_port))
        best = MAX (best, get_rank (set->sockets[i].pcb));
    }
  receive (stack, &to, to_port, &from, from_port);
  for (guint i = 0; i < N_SOCKETS; i++)
    {
      const Socket *socket = &set->sockets[i];

      n += socket->n_received;
      if (is_for_all)
        g_assert_cmpuint (socket->n_received, ==,
                          is_for (socket->pcb, &to, to_port, &from, from_port));
      else if (socket->n_received > 0)
        {
          g_assert_true (is_for (socket->pcb, &to, to_port, &from, from_port));
          g_assert_cmpuint (get_rank (socket->pcb), ==, best);
        }
    }
  if (!is_for_all)
    g_assert_cmpuint (n, ==, best > 0);
}

static void
check_sets (Stack *stack, gpointer data)
{
  Set *set = data;

  for (guint i = 0; i < N_SETS; i++)
    {
      for (guint j = 0; j < N_SOCKETS; j++)
        open_socket (stack, &set->sockets[j], set->rand);
      for (guint j = 0; j < N_DATAGRAMS; j++)
        {
          guint k = (guint) g_rand_int_range (set->rand, 0, N_SOCKETS);

          check_datagram (stack, set);
          udp_remove (set->sockets[k].pcb);
          open_socket (stack, &set->sockets[k], set->rand);
        }
      for (guint j = 0; j < N_SOCKETS; j++)
        udp_remove (set->sockets[j].pcb);
    }
}

static World *
start (void)
{
  World *world = world_new (31);

  /* checksums are not what this is about */
  world->chksum_flags =
      NETIF_CHECKSUM_ENABLE_ALL & ~(NETIF_CHECKSUM_CHECK_UDP | NETIF_CHECKSUM_CHECK_IP);
  world_start (world);
  return world;
}

static void
test_choice (void)
{
  World *world = start ();
  Set set = { .rand = g_rand_new_with_seed (31) };

  stack_run (&world->stacks[0], check_sets, &set);
  g_rand_free (set.rand);
  world_free (world);
}

/* an address of a netif becomes another one, and with it that of its sockets */
static void
change_address (Stack *stack, gpointer data)
{
  ip_addr_t before = get_address (stack, OURS_V4), after = before, peer = get_peer (FALSE, 1);
  Socket socket = { 0 };

  socket.pcb = udp_new ();
  udp_recv (socket.pcb, on_received, &socket);
  g_assert_cmpint (udp_bind (socket.pcb, &before, PORT), ==, ERR_OK);
  ip_2_ip4 (&after)->addr ^= PP_HTONL (0x40);
  netif_set_ipaddr (&stack->netif, ip_2_ip4 (&after));
  receive (stack, &before, PORT, &peer, 100);
  g_assert_cmpuint (socket.n_received, ==, 0);
  receive (stack, &after, PORT, &peer, 100);
  g_assert_cmpuint (socket.n_received, ==, 1);
  udp_remove (socket.pcb);
}

static void
test_address_changed (void)
{
  World *world = start ();

  stack_run (&world->stacks[0], change_address, NULL);
  world_free (world);
}

typedef struct {
  gboolean is_connected;
  gboolean is_multicast;
  guint n_others;
  double seconds;
} Cost;

static double
get_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
}

static void
measure (Stack *stack, gpointer data)
{
  Cost *cost = data;
  ip_addr_t ours = get_address (stack, OURS_V4), other = get_address (stack, OTHER_V4);
  ip_addr_t to = cost->is_multicast ? get_address (stack, GROUP_V4) : ours;
  ip_addr_t peer = get_peer (FALSE, 1);
  g_autofree struct udp_pcb **others = g_new (struct udp_pcb *, cost->n_others);
  Socket socket = { 0 };

  socket.pcb = udp_new ();
  ip_set_option (socket.pcb, SOF_REUSEADDR);
  udp_recv (socket.pcb, on_received, &socket);
  g_assert_cmpint (udp_bind (socket.pcb, cost->is_multicast ? IP4_ADDR_ANY : &ours, PORT), ==,
                   ERR_OK);
  for (guint i = 0; i < cost->n_others; i++)
    {
      others[i] = udp_new ();
      ip_set_option (others[i], SOF_REUSEADDR);
      ip_2_ip4 (&other)->addr = lwip_htonl (0x0b000000 + i);
      others[i]->local_ip = cost->is_connected ? ours : other;
      others[i]->local_port = PORT;
      /* lwIP looks for conflicts in all of them when one is bound */
      if (cost->is_connected)
        g_assert_cmpint (udp_connect (others[i], &other, 100), ==, ERR_OK);
      else
        g_assert_cmpint (udp_connect (others[i], IP4_ADDR_ANY, 99), ==, ERR_OK);
    }
  cost->seconds = G_MAXDOUBLE;
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      double start = get_seconds ();

      for (guint i = 0; i < 200; i++)
        receive (stack, &to, PORT, &peer, 100);
      cost->seconds = MIN (cost->seconds, get_seconds () - start);
    }
  g_assert_cmpuint (socket.n_received, ==, 200 * N_ROUNDS);
  for (guint i = 0; i < cost->n_others; i++)
    udp_remove (others[i]);
  udp_remove (socket.pcb);
}

/* sockets of the same port with other addresses or other peers cost a datagram nothing */
static void
test_cost (gconstpointer data)
{
  World *world = start ();
  Cost alone = *(const Cost *) data, many = alone;

  many.n_others = N_MANY;
  stack_run (&world->stacks[0], measure, &alone);
  stack_run (&world->stacks[0], measure, &many);
  g_test_message ("%g us alone, %g us with %u others", alone.seconds * 5000, many.seconds * 5000,
                  N_MANY);
  g_assert_cmpfloat (many.seconds, <, MOST * alone.seconds);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  static const Cost bound = { 0 };
  static const Cost connected = { .is_connected = TRUE };
  static const Cost multicast = { .is_connected = TRUE, .is_multicast = TRUE };

  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/udp/choice", test_choice);
  g_test_add_func ("/lwip/udp/address-changed", test_address_changed);
  g_test_add_data_func ("/lwip/udp/cost/bound", &bound, test_cost);
  g_test_add_data_func ("/lwip/udp/cost/connected", &connected, test_cost);
  g_test_add_data_func ("/lwip/udp/cost/multicast", &multicast, test_cost);
  return g_test_run ();
}
