/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-rr-pcbs.h"

#include "bench-rr.h"

#include <lwip/tcp.h>

#define BACKLOG 4096
#define MAX_OPENING 64

typedef struct {
  BenchRrPcbs *pcbs;
  struct tcp_pcb *pcb;
  guint index;
  guint n_bytes;
} End;

struct _BenchRrPcbs {
  BenchLoad *load;
  End *ends;
  ip_addr_t server;
  guint n_wanted;
  guint n_open;
  gint is_open;
};

static void
write_message (struct tcp_pcb *pcb)
{
  static const guint8 message[BENCH_MESSAGE_SIZE];

  if (tcp_write (pcb, message, sizeof message, TCP_WRITE_FLAG_COPY) != ERR_OK)
    g_error ("tcp_write");
  tcp_output (pcb);
}

static gboolean
read_message (End *end, struct tcp_pcb *pcb, struct pbuf *p)
{
  guint8 message[BENCH_MESSAGE_SIZE];
  guint16 n;

  if (p == NULL)
    g_error ("the peer has finished");
  n = pbuf_copy_partial (p, message, sizeof message, 0);
  tcp_recved (pcb, p->tot_len);
  pbuf_free (p);
  end->n_bytes += n;
  if (end->n_bytes < BENCH_MESSAGE_SIZE)
    return FALSE;
  end->n_bytes = 0;
  return TRUE;
}

static err_t
on_request (void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t native)
{
  if (read_message (arg, pcb, p))
    write_message (pcb);
  return ERR_OK;
}

static err_t
on_response (void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t native)
{
  End *end = arg;

  if (read_message (end, pcb, p))
    bench_load_respond (end->pcbs->load, end->index);
  return ERR_OK;
}

static void
open_end (End *end, struct tcp_pcb *pcb, tcp_recv_fn func)
{
  end->pcb = pcb;
  tcp_nagle_disable (pcb);
  tcp_arg (pcb, end);
  tcp_recv (pcb, func);
}

static err_t
on_accepted (void *arg, struct tcp_pcb *pcb, err_t native)
{
  open_end (g_new0 (End, 1), pcb, on_request);
  return ERR_OK;
}

void
bench_rr_pcbs_listen (BenchRrPcbs *self)
{
  for (guint i = 0; i < bench_rr_get_n_ports (self->load); i++)
    {
      struct tcp_pcb *pcb = tcp_new_ip_type (IPADDR_TYPE_V4);

      if (tcp_bind (pcb, IP_ANY_TYPE, (u16_t) (BENCH_RR_FIRST_PORT + i)) != ERR_OK)
        g_error ("tcp_bind");
      pcb = tcp_listen_with_backlog (pcb, BACKLOG);
      tcp_accept (pcb, on_accepted);
    }
}

static void open_next (BenchRrPcbs *self);

static err_t
on_connected (void *arg, struct tcp_pcb *pcb, err_t native)
{
  End *end = arg;
  BenchRrPcbs *self = end->pcbs;

  if (++self->n_open == self->load->n_connections)
    g_atomic_int_set (&self->is_open, TRUE);
  else
    open_next (self);
  return ERR_OK;
}

static void
open_next (BenchRrPcbs *self)
{
  struct tcp_pcb *pcb;
  End *end;

  if (self->n_wanted == self->load->n_connections)
    return;
  end = &self->ends[self->n_wanted];
  end->pcbs = self;
  end->index = self->n_wanted++;
  pcb = tcp_new_ip_type (IPADDR_TYPE_V4);
  open_end (end, pcb, on_response);
  if (tcp_connect (pcb, &self->server,
                   (u16_t) (BENCH_RR_FIRST_PORT + end->index / BENCH_RR_PER_PORT),
                   on_connected) != ERR_OK)
    g_error ("tcp_connect");
}

void
bench_rr_pcbs_connect (BenchRrPcbs *self, const char *server)
{
  ipaddr_aton (server, &self->server);
  for (guint i = 0; i < MAX_OPENING; i++)
    open_next (self);
}

void
bench_rr_pcbs_wait (BenchRrPcbs *self)
{
  /* before anything is measured */
  while (!g_atomic_int_get (&self->is_open))
    g_usleep (1000);
}

void
bench_rr_pcbs_send (BenchRrPcbs *self, guint connection)
{
  write_message (self->ends[connection].pcb);
}

BenchRrPcbs *
bench_rr_pcbs_new (BenchLoad *load)
{
  BenchRrPcbs *self = g_new0 (BenchRrPcbs, 1);

  self->load = load;
  self->ends = g_new0 (End, load->n_connections);
  return self;
}
