/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connections that carry a known pattern, and datagrams. */

#include "lwip-fixture.h"

ServerMode server_mode;

void
conn_free (gpointer data)
{
  Conn *conn = data;

  g_clear_pointer (&conn->pending, g_byte_array_unref);
  g_free (conn);
}

void
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
      if (conn->small && flags == TCP_WRITE_FLAG_COPY
              ? tcp_write_message (conn->pcb, data, (u16_t) n) != ERR_OK
              : tcp_write (conn->pcb, data, (u16_t) n, flags) != ERR_OK)
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

void
conn_finish (Conn *conn)
{
  if (conn->pcb == NULL)
    return;
  tcp_arg (conn->pcb, NULL);
  tcp_set_callbacks (conn->pcb, NULL);
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
      else if (conn->closed || conn->sink)
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

static const struct tcp_callbacks conn_callbacks = {
  .sent = conn_sent,
  .recv = conn_recv,
  .connected = conn_connected,
  .errf = conn_error,
};

Conn *
conn_new (Stack *stack, struct tcp_pcb *pcb)
{
  Conn *conn = g_new0 (Conn, 1);

  conn->stack = stack;
  conn->pcb = pcb;
  conn->pending = g_byte_array_new ();
  g_ptr_array_add (stack->conns, conn);
  tcp_arg (pcb, conn);
  tcp_set_callbacks (pcb, &conn_callbacks);
  return conn;
}

err_t
conn_connected (void *arg, struct tcp_pcb *pcb, err_t err)
{
  Conn *conn = arg;

  conn->connected = TRUE;
  conn_push (conn);
  return ERR_OK;
}

static err_t
server_accept (void *arg, struct tcp_pcb *pcb, err_t err)
{
  Conn *conn;

  if (err != ERR_OK)
    return err;
  conn = conn_new (arg, pcb);
  conn->connected = TRUE;
  conn->echo = server_mode == SERVER_ECHOES;
  conn->hold = server_mode == SERVER_HOLDS;
  conn->sink = server_mode == SERVER_SINKS;
  tcp_nagle_disable (pcb);
  return ERR_OK;
}

/* data is the port, NULL: 80 */
void
server_listen (Stack *stack, gpointer data)
{
  struct tcp_pcb *pcb = tcp_new_ip_type (IPADDR_TYPE_ANY);
  const guint16 port = data != NULL ? (guint16) GPOINTER_TO_UINT (data) : 80;

  g_assert_cmpint (tcp_bind (pcb, IP_ANY_TYPE, port), ==, ERR_OK);
  stack->listener = tcp_listen_with_backlog (pcb, 20000);
  g_assert_nonnull (stack->listener);
  tcp_arg (stack->listener, stack);
  tcp_accept (stack->listener, server_accept);
}

void
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
          (connect->link_local ? stack_link_local : stack_ip6) (1 - stack->id, ip_2_ip6 (&address));
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
      if (connect->prepare != NULL)
        connect->prepare (pcb, connect->prepare_data);
      if (connect->nodelay)
        tcp_nagle_disable (pcb);
      g_assert_cmpint (
          tcp_connect (pcb, &address, connect->port != 0 ? connect->port : 80, conn_connected), ==,
          ERR_OK);
    }
}

void
client_abort (Stack *stack, gpointer data)
{
  Conn *conn = data;
  struct tcp_pcb *pcb = conn->pcb;

  conn->pcb = NULL;
  tcp_set_callbacks (pcb, NULL);
  tcp_abort (pcb);
}

void
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

void
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

void
conn_write (Stack *stack, gpointer data)
{
  Conn *conn = data;

  g_assert_cmpint (tcp_write (conn->pcb, pattern, 1000, TCP_WRITE_FLAG_COPY), ==, ERR_OK);
  tcp_output (conn->pcb);
}

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

void
udp_open (Stack *stack, gpointer data)
{
  Udp *udp = data;

  udp->pcb = udp_new_ip_type (IPADDR_TYPE_ANY);
  udp_bind (udp->pcb, IP_ANY_TYPE, 5000);
  udp_recv (udp->pcb, udp_received, udp);
}

void
udp_shut (Stack *stack, gpointer data)
{
  Udp *udp = data;

  udp_remove (udp->pcb);
}

void
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
