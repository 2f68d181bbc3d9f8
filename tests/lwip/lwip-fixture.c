/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-fixture.h"

guint8 pattern[2 * PATTERN_PERIOD];

void
lwip_test_init (int *argc, char ***argv)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (42);

  for (guint i = 0; i < PATTERN_PERIOD; i++)
    pattern[i] = pattern[i + PATTERN_PERIOD] = (guint8) g_rand_int (rand);
  clock_ms = 0xfffff000; /* it wraps during the tests */
  g_test_init (argc, argv, NULL);
}

guint
count_list (struct tcp_pcb *pcb)
{
  guint n = 0;

  for (; pcb != NULL; pcb = pcb->next)
    n++;
  return n;
}

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
void
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

static Frame *
frame_new (guint len)
{
  Frame *frame = g_malloc (sizeof (Frame) + len);

  frame->at = 0;
  frame->len = len;
  return frame;
}

static void
queue_frame (gpointer data, const guint8 *bytes, guint len)
{
  Stack *stack = data;
  Frame *frame = frame_new (len);

  memcpy (frame->data, bytes, len);
  g_queue_push_tail (&stack->out, frame);
}

/* only who goes the long way gives the netif hints */
static gboolean
is_direct (const struct netif *netif, const guint8 *frame)
{
  const guint8 *ip = frame + ETH_LEN;

  return netif->hints == NULL &&
         (frame[12] == 0x86 ? ip[6] == IP_PROTO_TCP : frame[13] == 0 && ip[9] == IP_PROTO_TCP);
}

static err_t
stack_linkoutput (struct netif *netif, struct pbuf *p)
{
  Stack *stack = netif->state;
  Frame *frame;

  stack->world->n_direct_out += is_direct (netif, p->payload);
  if (stack->world->large_max != 0)
    {
      stack->world->n_large += p->segment_len != 0;
      lwip_cut (p, queue_frame, stack);
      return ERR_OK;
    }
  frame = frame_new (p->tot_len);
  pbuf_copy_partial (p, frame->data, p->tot_len, 0);
  g_queue_push_tail (&stack->out, frame);
  return ERR_OK;
}

/* others than the short way knows */
static err_t
output_ip4 (struct netif *netif, struct pbuf *p, const ip4_addr_t *address)
{
  return etharp_output (netif, p, address);
}

static err_t
output_ip6 (struct netif *netif, struct pbuf *p, const ip6_addr_t *address)
{
  return ethip6_output (netif, p, address);
}

err_t
stack_netif_init (struct netif *netif)
{
  Stack *stack = netif->state;

  netif->name[0] = 't';
  netif->name[1] = 's';
  netif->output = stack->world->long_way ? output_ip4 : etharp_output;
  netif->output_ip6 = stack->world->long_way ? output_ip6 : ethip6_output;
  netif->linkoutput = stack_linkoutput;
  netif->mtu = stack->mtu;
  netif->hwaddr_len = 6;
  memcpy (netif->hwaddr, "\x02\0\0\0\0\x01", 6);
  netif->hwaddr[5] = (u8_t) (stack->id + 1);
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                 NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
  NETIF_SET_CHECKSUM_CTRL (netif, stack->world->chksum_flags);
  netif->large_max = stack->world->large_max;
  return ERR_OK;
}

void
stack_ip4 (Stack *stack, guint id, ip4_addr_t *addr)
{
  IP4_ADDR (addr, 10, 0, 0, (u8_t) (id + 1));
}

void
stack_ip6 (guint id, ip6_addr_t *addr)
{
  ip6_addr_set_zero (addr);
  IP6_ADDR (addr, PP_HTONL (0xfd000000), 0, 0, lwip_htonl (id + 1));
}

/* what lwIP makes of 02:00:00:00:00:0n */
void
stack_link_local (guint id, ip6_addr_t *addr)
{
  ip6_addr_set_zero (addr);
  IP6_ADDR (addr, PP_HTONL (0xfe800000), 0, PP_HTONL (0x000000ff), lwip_htonl (0xfe000001u + id));
}

void
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

void
stack_down (Stack *stack, gpointer data)
{
  for (guint i = 0; i < stack->conns->len; i++)
    {
      Conn *conn = stack->conns->pdata[i];
      if (conn->pcb != NULL)
        {
          tcp_set_callbacks (conn->pcb, NULL);
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

struct pbuf *
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
  if (!stack->world->long_way && tcp_direct_input (p, &stack->netif))
    stack->world->n_direct_in++;
  else if (stack->netif.input (p, &stack->netif) != ERR_OK)
    pbuf_free (p);
}

void
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
  /* nothing but the frame check sequence protects ARP */
  if (world->corrupt > 0 && frame->data[13] != 0x06 && g_rand_double (world->rand) < world->corrupt)
    frame->data[g_rand_int_range (world->rand, ETH_LEN, (gint32) frame->len)] ^=
        (guint8) (1 << g_rand_int_range (world->rand, 0, 8));
  frame->at = clock_ms + world->delay;
  if (world->rate != 0)
    {
      guint64 now = (guint64) (clock_ms - world->start) * 1000;
      guint64 *busy_until = &world->busy_until[from];
      *busy_until = MAX (*busy_until, now);
      if ((*busy_until - now) * world->rate / 1000 + frame->len > world->queue)
        {
          world->drops++;
          g_free (frame);
          return;
        }
      *busy_until += (guint64) frame->len * 1000 / world->rate;
      frame->at += (guint32) ((*busy_until - now) / 1000);
    }
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
      Stack *stack = &world->stacks[i];
      Frame *frame = g_queue_peek_head (&stack->in);
      stack->sleep = stack->sleep > ms ? stack->sleep - ms : 0;
      if (stack->sleep == 0 || (frame != NULL && (gint32) (frame->at - clock_ms) <= 0))
        stack_run (stack, stack_poll, NULL);
      while ((frame = g_queue_pop_head (&world->stacks[i].out)) != NULL)
        world_transmit (world, i, frame);
    }
  return ms;
}

void
world_run (World *world, guint ms)
{
  /* what was done since the last step may have set a timer */
  world->stacks[0].sleep = world->stacks[1].sleep = 0;
  while (ms > 0)
    ms -= world_step (world, ms);
}

void
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

World *
world_new (guint32 seed)
{
  World *world = g_new0 (World, 1);

  world->rand = g_rand_new_with_seed (seed);
  world->delay = 1;
  world->start = clock_ms;
  world->chksum_flags = NETIF_CHECKSUM_ENABLE_ALL;
  return world;
}

void
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

static void
stack_count (Stack *stack, gpointer data)
{
  Count *count = data;

  count->active = count_list (tcp_active_pcbs);
  count->time_wait = tcp_time_wait_num ();
  count->listening = count_list (tcp_listen_pcbs.pcbs);
}

Count
world_count (World *world, guint id)
{
  Count count;

  stack_run (&world->stacks[id], stack_count, &count);
  return count;
}

void
stack_stats (Stack *stack, gpointer data)
{
  struct stats_ *stats = data;

  *stats = lwip_stats;
}
