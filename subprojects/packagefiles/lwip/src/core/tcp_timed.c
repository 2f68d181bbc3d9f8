/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/prefetch.h"
#include "lwip/priv/tcp_extra.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcp_recovery.h"
#include "lwip/priv/tcp_time_wait.h"
#include "lwip/ip.h"
#include "lwip/sys.h"

#include <sys/mman.h>

#define NEVER 0xffffffffU

/* Each slot is of one tick; the far ones are of a whole turn of the near ones. A
 * pcb with a later deadline than the last of them waits there, too. */
#define TURN 256U
#define FAR_TURN 256U
#define SLOTS (TURN + FAR_TURN)
#define FARTHEST ((FAR_TURN - 1U) * TURN)

/* The pcbs of a slot are in chunks, of which only the last has room. Its first
 * place has that of the last pcb in the chunk before. */
#define CHUNK 32U
#define PER_CHUNK (CHUNK - 1U)
#define PLACE_BITS 23
#define PLACES (1U << PLACE_BITS)

/* so far ahead pcbs are fetched, and then what they know of data on its way */
#define AHEAD 8U
#define TX_AHEAD 4U

union place {
  struct tcp_pcb *pcb;
  u64_t before;
};

struct slot {
  u32_t last; /* the place of the last pcb, 0: there is none */
  u32_t num;
};

struct wheel {
  struct slot slots[SLOTS];
  u32_t num;
  u32_t free_chunk; /* its first place has the next one */
  u32_t new_chunk;  /* this and the next ones have never been used */
  struct tcp_pcb *current;
  union place places[] __attribute__((aligned(LWIP_CACHE_LINE)));
};

#define WHEEL_SIZE (sizeof(struct wheel) + PLACES * sizeof(union place))

static LWIP_TLS struct wheel *wheel;
LWIP_TLS u32_t tcp_timed_tick;

/** Reserves the address space of the largest wheel; its pages come when they are touched. */
err_t
tcp_timed_alloc(void)
{
  void *p = mmap(NULL, WHEEL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (p == MAP_FAILED) {
    return ERR_MEM;
  }
  wheel = (struct wheel *)p;
  /* place 0 is none */
  wheel->new_chunk = CHUNK;
  return ERR_OK;
}

/** Frees the wheel; all pcbs are gone. */
void
tcp_timed_fini(void)
{
  if (wheel != NULL) {
    munmap(wheel, WHEEL_SIZE);
  }
  wheel = NULL;
  tcp_timed_tick = 0;
}

/* each slot may have a chunk that is not full */
int
tcp_timed_is_full(u32_t connections)
{
  return connections >= (PLACES / CHUNK - 1U - SLOTS) * PER_CHUNK;
}

static u32_t
chunk_take(void)
{
  u32_t chunk = wheel->free_chunk;

  if (chunk != 0) {
    wheel->free_chunk = (u32_t)wheel->places[chunk].before;
  } else {
    chunk = wheel->new_chunk;
    wheel->new_chunk += CHUNK;
  }
  return chunk;
}

static void
push(u32_t at, struct tcp_pcb *pcb)
{
  struct slot *slot = &wheel->slots[at];

  if (slot->last % CHUNK == CHUNK - 1U || slot->last == 0) {
    u32_t chunk = chunk_take();
    wheel->places[chunk].before = slot->last;
    slot->last = chunk;
  }
  slot->last++;
  slot->num++;
  wheel->places[slot->last].pcb = pcb;
  /* as a whole: to read it after a write of some of its bits would have to wait */
  pcb->timer = at << PLACE_BITS | slot->last;
  if (wheel->num++ == 0) {
    tcp_timer_needed();
  }
}

/** Takes the last one away. */
static struct tcp_pcb *
pop(struct slot *slot)
{
  u32_t last = slot->last;
  struct tcp_pcb *pcb = wheel->places[last].pcb;

  if (last % CHUNK == 1U) {
    u32_t chunk = last - 1U;
    slot->last = (u32_t)wheel->places[chunk].before;
    wheel->places[chunk].before = wheel->free_chunk;
    wheel->free_chunk = chunk;
  } else {
    slot->last = last - 1U;
  }
  slot->num--;
  wheel->num--;
  return pcb;
}

static u32_t
slot_of(const struct tcp_pcb *pcb)
{
  return pcb->timer >> PLACE_BITS;
}

/** The last one of its slot goes to its place: nothing of that is read. */
static void
take_out(struct tcp_pcb *pcb)
{
  struct tcp_pcb *last = pop(&wheel->slots[slot_of(pcb)]);

  if (last != pcb) {
    wheel->places[pcb->timer % PLACES].pcb = last;
    last->timer = pcb->timer;
  }
  pcb->timer = 0;
}

/** Ticks until a slot comes up, 0: its turn is now. */
static u32_t
ticks_to(u32_t slot)
{
  if (slot < TURN) {
    return (slot - tcp_timed_tick) % TURN;
  }
  return (slot - TURN - tcp_timed_tick / TURN) % FAR_TURN * TURN - tcp_timed_tick % TURN;
}

/** The slot that comes up in that many ticks, or before. */
static u32_t
slot_in(u32_t ticks)
{
  if (ticks < TURN) {
    return (tcp_timed_tick + ticks) % TURN;
  }
  return TURN + (tcp_timed_tick + LWIP_MIN(ticks, FARTHEST)) / TURN % FAR_TURN;
}

/** What is left of num of something, of which age has gone: it is not done before the next one. */
static u32_t
left(u32_t num, u32_t age)
{
  return (num > age) ? num - age : 1U;
}

/** Ticks of tcp_ticks until the next keepalive probe is due, or nobody waits for an answer any more. */
static u32_t
keep_left(const struct tcp_pcb *pcb)
{
  const struct tcp_params *params = pcb->params;
  u32_t due = (params->keep_idle + pcb->keep_cnt_sent * TCP_KEEP_INTVL(pcb)) / TCP_SLOW_INTERVAL + 1U;

  if ((params->user_timeout != 0) && (pcb->keep_cnt_sent > 0)) {
    due = LWIP_MIN(due, params->user_timeout / TCP_SLOW_INTERVAL + 1U);
  }
  return left(due, tcp_ticks - pcb->tmr);
}

/** Ticks of tcp_ticks that its state may last, without a segment. */
static u32_t
state_left(const struct tcp_pcb *pcb)
{
  const u32_t age = tcp_ticks - pcb->tmr;

  switch (pcb->state) {
    case SYN_RCVD:
      return left(TCP_SYN_RCVD_TIMEOUT / TCP_SLOW_INTERVAL + 1U, age);
    case FIN_WAIT_2:
      return (pcb->flags & TF_RXCLOSED) ? left(TCP_FIN_WAIT_TIMEOUT / TCP_SLOW_INTERVAL + 1U, age) : NEVER;
    case LAST_ACK:
      return left(2U * TCP_MSL / TCP_SLOW_INTERVAL + 1U, age);
    default:
      return NEVER;
  }
}

/** Ticks of tcp_ticks until what most connections do not wait for, most of the time. */
static u32_t
rare_left(const struct tcp_pcb *pcb)
{
  const struct tcp_params *params = pcb->params;
  const struct tcp_tx *tx = pcb->tx;
  u32_t ticks, other;

  if (tcp_has_given_up(pcb) || (pcb->flags & TF_NAGLEMEMERR)) {
    return 1;
  }
  if ((pcb->state == ESTABLISHED) || (pcb->state == CLOSE_WAIT)) {
    ticks = ip_get_option(pcb, SOF_KEEPALIVE) ? keep_left(pcb) : NEVER;
  } else {
    ticks = state_left(pcb);
  }
  if (tx->persist_backoff != 0) {
    other = left(tcp_persist_time(pcb), tcp_persist_age(pcb));
    ticks = LWIP_MIN(ticks, other);
  }
  if ((params->user_timeout != 0) && ((tx->unsent != NULL) || (tx->unacked != NULL))) {
    other = left(params->user_timeout / TCP_SLOW_INTERVAL + 1U, tcp_ticks - tx->progress_tick);
    ticks = LWIP_MIN(ticks, other);
  }
  if (pcb->pollinterval != 0) {
    other = left(pcb->pollinterval, tcp_poll_age(pcb));
    ticks = LWIP_MIN(ticks, other);
  }
#if TCP_QUEUE_OOSEQ
  if (pcb->extra->ooseq != NULL) {
    other = left((u32_t)pcb->rto * TCP_OOSEQ_TIMEOUT, tcp_ticks - pcb->tmr);
    ticks = LWIP_MIN(ticks, other);
  }
#endif /* TCP_QUEUE_OOSEQ */
  return ticks;
}

static int
is_rare(const struct tcp_pcb *pcb)
{
  return (pcb->state != ESTABLISHED) || ip_get_option(pcb, SOF_KEEPALIVE) || (pcb->nrtx != 0) ||
         (pcb->flags & TF_NAGLEMEMERR) || (pcb->pollinterval != 0) || (pcb->params->user_timeout != 0) ||
         (pcb->tx->persist_backoff != 0) || !tcp_extra_is_none(pcb);
}

/** Ticks until the earliest deadline of pcb. */
static u32_t
next_deadline(const struct tcp_pcb *pcb)
{
  const struct tcp_tx *tx = pcb->tx;
  u32_t slow = NEVER, ticks, other;

  if ((pcb->flags & (TF_ACK_NOW | TF_CLOSEPEND)) || (pcb->tx->refused_data != NULL)) {
    return 1;
  }
  if (tx->persist_backoff == 0) {
    if (pcb->rtime >= 0) {
      slow = left((u32_t)pcb->rto, tcp_rto_age(pcb));
    } else if ((tx->unsent != NULL) && (tx->unacked == NULL)) {
      /* it could not be sent */
      slow = 1;
    }
  }
  if (is_rare(pcb)) {
    other = rare_left(pcb);
    slow = LWIP_MIN(slow, other);
  }
  ticks = (slow != NEVER) ? 2U * slow - (tcp_timed_tick % 2U == 0) : NEVER;
  if (pcb->flags & TF_ACK_DELAY) {
    other = tcp_ack_is_due(pcb) ? 1U : (u8_t)(pcb->ack_tick - tcp_timed_tick);
    ticks = LWIP_MIN(ticks, other);
  }
  if (tx->probe_timer != TCP_PROBE_NONE) {
    s32_t ms = (s32_t)(tx->probe_time - sys_now());
    other = (ms > 0) ? (u32_t)ms / TCP_FAST_INTERVAL + 1U : 1U;
    ticks = LWIP_MIN(ticks, other);
  }
  return ticks;
}

void
tcp_timed(struct tcp_pcb *pcb)
{
  u32_t ticks, in_slot = NEVER;

  if (pcb->timer != 0) {
    in_slot = ticks_to(slot_of(pcb));
    if (in_slot <= 1U) {
      return;
    }
  } else if ((pcb == wheel->current) || (pcb->pprev == NULL) || (pcb->state < SYN_SENT) || (pcb->state == TIME_WAIT)) {
    /* the tick is at it, and will see what it leaves; or not on tcp_active_pcbs */
    return;
  }
  ticks = next_deadline(pcb);
  if (ticks < in_slot) {
    if (pcb->timer != 0) {
      take_out(pcb);
    }
    push(slot_in(ticks), pcb);
  }
}

void
tcp_timed_remove(struct tcp_pcb *pcb)
{
  if (pcb == wheel->current) {
    wheel->current = NULL;
  } else if (pcb->timer != 0) {
    take_out(pcb);
  }
}

int
tcp_timers_idle(void)
{
  return (wheel->num == 0) && (tcp_time_wait_num() == 0);
}

/** The slots whose turn it is: a far one, too, when one of their turns is over. */
static struct slot *
near_slot(void)
{
  return &wheel->slots[tcp_timed_tick % TURN];
}

static struct slot *
far_slot(void)
{
  return (tcp_timed_tick % TURN == 0) ? &wheel->slots[TURN + tcp_timed_tick / TURN % FAR_TURN] : NULL;
}

void
tcp_timed_begin(void)
{
  tcp_timed_tick++;
  if (tcp_timed_tick % 2U != 0) {
    tcp_ticks++;
  }
}

u32_t
tcp_timed_due(void)
{
  const struct slot *far = far_slot();

  return near_slot()->num + ((far != NULL) ? far->num : 0);
}

/** The pcb that many before the last one, or NULL. */
static const struct tcp_pcb *
before_last(const struct slot *slot, u32_t n)
{
  u32_t i = slot->last % CHUNK;
  u32_t place = slot->last - n;

  if (n >= slot->num) {
    return NULL;
  }
  if (n >= i) {
    place = (u32_t)wheel->places[slot->last - i].before - (n - i);
  }
  return wheel->places[place].pcb;
}

static void
fetch(const struct slot *slot)
{
  const struct tcp_pcb *pcb = before_last(slot, AHEAD);

  if (slot->last % CHUNK == CHUNK - 1U) {
    u32_t before = (u32_t)wheel->places[slot->last - PER_CHUNK].before;
    lwip_prefetch_lines(&wheel->places[before - before % CHUNK], CHUNK * sizeof(union place));
  }
  if (pcb != NULL) {
    lwip_prefetch_lines(pcb, sizeof(*pcb));
  }
  pcb = before_last(slot, TX_AHEAD);
  if (pcb != NULL) {
    lwip_prefetch_lines(pcb->tx, sizeof(*pcb->tx));
  }
}

struct tcp_pcb *
tcp_timed_next(void)
{
  struct slot *slot = near_slot();

  if (slot->num == 0) {
    slot = far_slot();
    if ((slot == NULL) || (slot->num == 0)) {
      return NULL;
    }
  }
  fetch(slot);
  wheel->current = pop(slot);
  wheel->current->timer = 0;
  return wheel->current;
}

int
tcp_timed_is_current(const struct tcp_pcb *pcb)
{
  return pcb == wheel->current;
}

void
tcp_timed_settle(void)
{
  struct tcp_pcb *pcb = wheel->current;

  wheel->current = NULL;
  if (pcb != NULL) {
    tcp_timed(pcb);
  }
}

#endif /* LWIP_TCP */
