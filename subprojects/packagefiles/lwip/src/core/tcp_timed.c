/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/prefetch.h"
#include "lwip/priv/tcp_demux.h"
#include "lwip/priv/tcp_timed.h"

#include <string.h>
#include <sys/mman.h>

#define MIN_SIZE 1024U
/* the ring is never larger; half of it is enough for all connections */
#define MAX_SIZE (1U << 24)

/* so far ahead pcbs are fetched, and then what they know of data on its way */
#define AHEAD 8U
#define TX_AHEAD 4U

/* The ring; a pcb that has gone leaves NULL. Counts go on for ever, the lower
 * bits are the place. */
static LWIP_TLS struct tcp_pcb **ring;
static LWIP_TLS u32_t size; /* a power of two */
static LWIP_TLS u32_t first;
static LWIP_TLS u32_t end;
/* the current tick gets to those before */
static LWIP_TLS u32_t due_end;
/* the one that it is at; its place is empty */
static LWIP_TLS struct tcp_pcb *current;
/* those in the ring, and the current one */
static LWIP_TLS u32_t num;

/** Reserves the address space of the largest ring; its pages come when they are touched. */
err_t
tcp_timed_alloc(void)
{
  void *p = mmap(NULL, MAX_SIZE * sizeof(*ring), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (p == MAP_FAILED) {
    return ERR_MEM;
  }
  ring = (struct tcp_pcb **)p;
  size = MIN_SIZE;
  return ERR_OK;
}

/** Frees the ring; all pcbs are gone. */
void
tcp_timed_fini(void)
{
  if (ring != NULL) {
    munmap(ring, MAX_SIZE * sizeof(*ring));
  }
  ring = NULL;
  current = NULL;
  size = first = end = due_end = num = 0;
}

int
tcp_timed_is_full(u32_t connections)
{
  return connections >= MAX_SIZE / 2;
}

static struct tcp_pcb **
place(u32_t at)
{
  return &ring[at & (size - 1)];
}

/** Removes the gaps, or makes the ring twice as large if there are few of them. */
static void
make_room(void)
{
  u32_t from, to = first, due = due_end;

  if ((num > size / 2) && (size < MAX_SIZE)) {
    /* what has wrapped goes behind what has not; which places that are depends on one more bit now */
    memcpy(&ring[size], ring, size * sizeof(*ring));
    size *= 2;
  }
  for (from = first; from != end; from++) {
    struct tcp_pcb *pcb = *place(from);
    if (from == due_end) {
      due = to;
    }
    if (pcb != NULL) {
      *place(to) = pcb;
      pcb->timer_place = to++;
    }
  }
  due_end = (due_end == end) ? to : due;
  end = to;
}

void
tcp_timed_push(struct tcp_pcb *pcb)
{
  if (end - first == size) {
    make_room();
  }
  pcb->timer_place = end;
  *place(end++) = pcb;
  num++;
}

void
tcp_timed_drop(struct tcp_pcb *pcb)
{
  num--;
  if (pcb == current) {
    current = NULL;
  } else {
    *place(pcb->timer_place) = NULL;
  }
  if (num == 0) {
    /* the same few places again */
    first = end = due_end = 0;
  }
}

u32_t
tcp_timed_num(void)
{
  return num;
}

void
tcp_timed_begin(void)
{
  tcp_timed_put_back();
  due_end = end;
}

int
tcp_timed_due(void)
{
  return first != due_end;
}

int
tcp_timed_is_current(const struct tcp_pcb *pcb)
{
  return pcb == current;
}

void
tcp_timed_put_back(void)
{
  struct tcp_pcb *pcb = current;

  if (pcb != NULL) {
    current = NULL;
    num--;
    tcp_timed_push(pcb);
  }
}

static void
fetch_next(void)
{
  if (end - first > AHEAD) {
    tcp_timed_prefetch(*place(first + AHEAD));
  }
  if ((end - first > TX_AHEAD) && (*place(first + TX_AHEAD) != NULL)) {
    const struct tcp_tx *tx = (*place(first + TX_AHEAD))->tx;
    lwip_prefetch_lines(tx, sizeof(*tx));
  }
}

struct tcp_pcb *
tcp_timed_next(void)
{
  tcp_timed_put_back();
  while ((first != due_end) && (current == NULL)) {
    fetch_next();
    current = *place(first++);
  }
  return current;
}

#endif /* LWIP_TCP */
