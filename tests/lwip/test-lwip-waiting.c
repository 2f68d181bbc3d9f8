/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a connection keeps of its listener until it is accepted, and of data that the application does not
   take yet. */

#include "lwip-fixture.h"

#include <lwip/priv/tcp_extra.h>
#include <lwip/priv/tcp_recovery.h>

#define BYTES 3000

static const struct tcp_callbacks *usual;
static struct tcp_callbacks refusing;
static gboolean refuses;
static gboolean is_out_of_memory;

static err_t
recv_or_refuse (void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
  if (!refuses || p == NULL)
    return usual->recv (arg, pcb, p, err);
  if (is_out_of_memory)
    g_atomic_int_set (&allocations_left, 0);
  return ERR_MEM;
}

static Conn *
accept_sink (Stack *stack, struct tcp_pcb *pcb)
{
  Conn *conn = conn_new (stack, pcb);

  conn->connected = TRUE;
  conn->sink = TRUE;
  return conn;
}

static err_t
accept_refusing (void *arg, struct tcp_pcb *pcb, err_t err)
{
  accept_sink (arg, pcb);
  usual = pcb->callbacks;
  refusing = *usual;
  refusing.recv = recv_or_refuse;
  tcp_set_callbacks (pcb, &refusing);
  return ERR_OK;
}

static err_t
accept_later (void *arg, struct tcp_pcb *pcb, err_t err)
{
  accept_sink (arg, pcb);
  tcp_backlog_delayed (pcb);
  return ERR_OK;
}

static err_t
accept_now (void *arg, struct tcp_pcb *pcb, err_t err)
{
  accept_sink (arg, pcb);
  return ERR_OK;
}

static void
listen_with (Stack *stack, gpointer accept)
{
  server_listen (stack, NULL);
  tcp_accept (stack->listener, (tcp_accept_fn) accept);
}

static Conn *
get_accepted (World *world)
{
  g_assert_cmpuint (world->stacks[0].conns->len, ==, 1);
  return world->stacks[0].conns->pdata[0];
}

static void
keep_open (struct tcp_pcb *pcb, gpointer data)
{
  ((Conn *) pcb->callback_arg)->close_when_done = FALSE;
}

static World *
begin (tcp_accept_fn accept, Connect *connect)
{
  World *world = world_new (1);

  world_start (world);
  stack_run (&world->stacks[0], listen_with, accept);
  stack_run (&world->stacks[1], client_connect, connect);
  world_run (world, 300);
  return world;
}

static void
check_refused (Stack *stack, gpointer data)
{
  const Conn *conn = data;

  g_assert_nonnull (conn->pcb->tx->refused_data);
  g_assert_cmpuint (conn->received, ==, 0);
  g_assert_false (conn->eof);
}

static void
test_refused (gconstpointer data)
{
  Connect connect = { .ipv6 = GPOINTER_TO_INT (data), .bytes = BYTES };
  World *world;

  refuses = TRUE;
  is_out_of_memory = FALSE;
  world = begin (accept_refusing, &connect);
  stack_run (&world->stacks[0], check_refused, get_accepted (world));
  refuses = FALSE;
  world_run (world, 3000);
  g_assert_cmpuint (get_accepted (world)->received, ==, BYTES);
  g_assert_false (get_accepted (world)->bad);
  g_assert_true (get_accepted (world)->eof);
  check_all_closed (world);
  world_free (world);
}

static void
send_all (Stack *stack, gpointer data)
{
  Conn *conn = data;

  conn->to_send = BYTES;
  conn_push (conn);
}

/* it has been acknowledged, so there is no way back */
static void
test_refused_without_memory (void)
{
  Connect connect = { .prepare = keep_open };
  World *world;

  refuses = TRUE;
  is_out_of_memory = TRUE;
  world = begin (accept_refusing, &connect);
  stack_run (&world->stacks[1], send_all, connect.conn);
  world_run (world, 300);
  g_atomic_int_set (&allocations_left, -1);
  g_assert_cmpint (get_accepted (world)->err, ==, ERR_ABRT);
  g_assert_null (get_accepted (world)->pcb);
  world_run (world, 5000);
  g_assert_cmpint (connect.conn->err, ==, ERR_RST);
  check_all_closed (world);
  world_free (world);
}

static void
check_pending (Stack *stack, gpointer data)
{
  const Conn *conn = data;
  const struct tcp_pcb_listen *listener = (const struct tcp_pcb_listen *) stack->listener;

  g_assert_true (conn->pcb->tx->listener == listener);
  g_assert_cmpuint (listener->accepts_pending, ==, 1);
}

static void
accept_pending (Stack *stack, gpointer data)
{
  const Conn *conn = data;

  tcp_backlog_accepted (conn->pcb);
  g_assert_true (tcp_tx_is_none (conn->pcb));
  if (stack->listener != NULL)
    g_assert_cmpuint (((const struct tcp_pcb_listen *) stack->listener)->accepts_pending, ==, 0);
}

static void
close_listener (Stack *stack, gpointer data)
{
  const Conn *conn = data;

  g_assert_cmpint (tcp_close (g_steal_pointer (&stack->listener)), ==, ERR_OK);
  g_assert_null (conn->pcb->tx->listener);
}

static void
abort_pending (Stack *stack, gpointer data)
{
  client_abort (stack, data);
  g_assert_cmpuint (((const struct tcp_pcb_listen *) stack->listener)->accepts_pending, ==, 0);
}

static const StackFunc ends[] = { accept_pending, close_listener, abort_pending };

/* an idle connection that waits to be accepted knows its listener, whichever of them ends first */
static void
test_accepted_later (gconstpointer data)
{
  guint end = GPOINTER_TO_UINT (data);
  Connect connect = { .prepare = keep_open };
  World *world = begin (accept_later, &connect);
  Stack *server = &world->stacks[0];

  stack_run (server, check_pending, get_accepted (world));
  stack_run (server, ends[end], get_accepted (world));
  if (ends[end] == close_listener)
    stack_run (server, accept_pending, get_accepted (world));
  world_run (world, 3000);
  world_free (world);
}

static void
check_idle (Stack *stack, gpointer data)
{
  const Conn *conn = data;

  g_assert_cmpint (conn->pcb->state, ==, ESTABLISHED);
  g_assert_true (tcp_tx_is_none (conn->pcb));
  g_assert_true (tcp_extra_is_none (conn->pcb));
}

/* the server's end and the client's */
static void
test_idle (void)
{
  Connect connect = { .bytes = BYTES, .prepare = keep_open };
  World *world = begin (accept_now, &connect);

  world_run (world, 3000);
  g_assert_cmpuint (get_accepted (world)->received, ==, BYTES);
  stack_run (&world->stacks[0], check_idle, get_accepted (world));
  stack_run (&world->stacks[1], check_idle, connect.conn);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/waiting/refused/ipv4", GINT_TO_POINTER (0), test_refused);
  g_test_add_data_func ("/lwip/waiting/refused/ipv6", GINT_TO_POINTER (1), test_refused);
  g_test_add_func ("/lwip/waiting/refused-without-memory", test_refused_without_memory);
  g_test_add_data_func ("/lwip/waiting/accepted-later", GUINT_TO_POINTER (0), test_accepted_later);
  g_test_add_data_func ("/lwip/waiting/listener-closed", GUINT_TO_POINTER (1), test_accepted_later);
  g_test_add_data_func ("/lwip/waiting/aborted", GUINT_TO_POINTER (2), test_accepted_later);
  g_test_add_func ("/lwip/waiting/idle", test_idle);
  return g_test_run ();
}
