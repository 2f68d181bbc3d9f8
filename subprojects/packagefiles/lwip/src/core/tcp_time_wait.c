/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/prefetch.h"
#include "lwip/priv/tcp_cookie.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcp_extra.h"
#include "lwip/priv/tcp_recovery.h"
#include "lwip/priv/tcp_time_wait.h"
#include "lwip/tcp_params.h"
#include "lwip/memp.h"
#include "lwip/stats.h"

#include <string.h>

static LWIP_TLS struct tcp_hash time_waits;
/* all of them last equally long, so the first to enter is the first to leave */
static LWIP_TLS struct tcp_time_wait *oldest;
static LWIP_TLS struct tcp_time_wait **newest_next;
static LWIP_TLS u32_t max_num;

/** Allocates this thread's table. */
err_t
tcp_time_wait_alloc(void)
{
  LWIP_ASSERT("a key without padding", sizeof(struct tcp_time_wait_key) == 40);
  LWIP_ASSERT("small", sizeof(struct tcp_time_wait) <= 96);

  newest_next = &oldest;
  max_num = TCP_MAX_TIME_WAIT;
  return tcp_hash_alloc(&time_waits);
}

void
tcp_time_wait_fini(void)
{
  tcp_time_wait_clear();
  tcp_hash_free(&time_waits);
  newest_next = NULL;
  max_num = 0;
}

u32_t
tcp_time_wait_num(void)
{
  return time_waits.num;
}

u32_t
tcp_time_wait_buckets(void)
{
  return tcp_hash_buckets(&time_waits);
}

/**
 * Sets how many connections of this thread may be in TIME-WAIT. Above this number
 * they end before their time, the oldest first.
 *
 * @param max the number, 0: none
 */
void
tcp_set_max_time_wait(u32_t max)
{
  max_num = max;
  if (time_waits.num > max) {
    tcp_time_wait_evict(time_waits.num - max);
  }
}

static void
key_set_ip(u32_t *words, u8_t *zone, const ip_addr_t *ip)
{
#if LWIP_IPV6
  if (IP_IS_V6(ip)) {
    memcpy(words, ip_2_ip6(ip)->addr, sizeof(ip_2_ip6(ip)->addr));
    *zone = ip6_addr_zone(ip_2_ip6(ip));
    return;
  }
#endif /* LWIP_IPV6 */
#if LWIP_IPV4
  *words = ip_2_ip4(ip)->addr;
  *zone = 0;
#endif /* LWIP_IPV4 */
}

static void
key_get_ip(const struct tcp_time_wait_key *key, const u32_t *words, u8_t zone, ip_addr_t *ip)
{
  memset(ip, 0, sizeof(*ip));
#if LWIP_IPV6
  if (key->type == IPADDR_TYPE_V6) {
    memcpy(ip_2_ip6(ip)->addr, words, sizeof(ip_2_ip6(ip)->addr));
    ip6_addr_set_zone(ip_2_ip6(ip), zone);
    IP_SET_TYPE(ip, IPADDR_TYPE_V6);
    return;
  }
#endif /* LWIP_IPV6 */
#if LWIP_IPV4
  ip_2_ip4(ip)->addr = *words;
  IP_SET_TYPE(ip, IPADDR_TYPE_V4);
#endif /* LWIP_IPV4 */
  LWIP_UNUSED_ARG(key);
  LWIP_UNUSED_ARG(zone);
}

static void
key_set(struct tcp_time_wait_key *key, const ip_addr_t *local_ip, u16_t local_port,
        const ip_addr_t *remote_ip, u16_t remote_port)
{
  memset(key, 0, sizeof(*key));
  key_set_ip(key->local_ip, &key->local_zone, local_ip);
  key_set_ip(key->remote_ip, &key->remote_zone, remote_ip);
  key->local_port = local_port;
  key->remote_port = remote_port;
  key->type = IP_IS_V6(local_ip) ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4;
}

static void
append(struct tcp_time_wait *tw)
{
  tw->start = tcp_ticks;
  tw->next = NULL;
  tw->pprev = newest_next;
  *newest_next = tw;
  newest_next = &tw->next;
}

static void
take_off(struct tcp_time_wait *tw)
{
  *tw->pprev = tw->next;
  if (tw->next != NULL) {
    tw->next->pprev = tw->pprev;
  } else {
    newest_next = tw->pprev;
  }
}

static struct tcp_time_wait *
alloc_entry(void)
{
  struct tcp_time_wait *tw;

  if (max_num == 0) {
    return NULL;
  }
  if (time_waits.num >= max_num) {
    tcp_time_wait_evict(time_waits.num - max_num + 1);
  }
  tw = (struct tcp_time_wait *)memp_malloc(MEMP_TCP_TIME_WAIT);
  if ((tw == NULL) && (oldest != NULL)) {
    tcp_time_wait_evict(1);
    tw = (struct tcp_time_wait *)memp_malloc(MEMP_TCP_TIME_WAIT);
  }
  return tw;
}

/** A connection enters TIME-WAIT; without memory it ends at once. */
void
tcp_time_wait_enter(const struct tcp_pcb *pcb)
{
  struct tcp_time_wait *tw = alloc_entry();

  if (tw == NULL) {
    TCP_EVENT(time_wait_ended);
    return;
  }
  key_set(&tw->key, &pcb->local_ip, pcb->local_port, &pcb->remote_ip, pcb->remote_port);
  tw->snd_nxt = pcb->snd_nxt;
  tw->rcv_nxt = pcb->rcv_nxt;
  tw->ts_recent = 0;
  tw->answered = (u16_t)(tcp_ticks - 1);
  tw->wnd = TCPWND16(RCV_WND_SCALE(pcb, pcb->rcv_ann_wnd));
  tw->netif_idx = pcb->netif_idx;
  tw->ttl = pcb->ttl;
  tw->tos = pcb->tos;
  tw->flags = 0;
#if LWIP_TCP_TIMESTAMPS
  if (pcb->flags & TF_TIMESTAMP) {
    tw->flags = TCP_TIME_WAIT_TIMESTAMP;
    tw->ts_recent = pcb->extra->ts_recent;
  }
#endif /* LWIP_TCP_TIMESTAMPS */
  tw->node.hash = tcp_demux_hash(&pcb->local_ip, pcb->local_port, &pcb->remote_ip, pcb->remote_port);
  append(tw);
  tcp_hash_insert(&time_waits, &tw->node);
  tcp_demux_port_ref(tw->key.local_port);
  tcp_demux_gauge();
  tcp_timer_needed();
}

static int
has_key(const struct tcp_hash_node *node, const void *key)
{
  const struct tcp_time_wait *tw = TCP_HASH_ENTRY(node, const struct tcp_time_wait, node);

  return memcmp(&tw->key, key, sizeof(tw->key)) == 0;
}

/** Finds the connection in TIME-WAIT with these ends. */
struct tcp_time_wait *
tcp_time_wait_find(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                   u16_t remote_port)
{
  struct tcp_time_wait_key key;
  struct tcp_hash_node *node;
  u32_t hash;

  if (time_waits.num == 0) {
    return NULL;
  }
  hash = tcp_demux_hash(local_ip, local_port, remote_ip, remote_port);
  if (tcp_hash_candidate(&time_waits, hash) == NULL) {
    return NULL;
  }
  key_set(&key, local_ip, local_port, remote_ip, remote_port);
  node = tcp_hash_find(&time_waits, hash, has_key, &key);
  return (node != NULL) ? TCP_HASH_ENTRY(node, struct tcp_time_wait, node) : NULL;
}

/** The connection is forgotten. */
void
tcp_time_wait_end(struct tcp_time_wait *tw)
{
  take_off(tw);
  tcp_hash_remove(&time_waits, &tw->node);
  tcp_demux_port_unref(tw->key.local_port);
  tcp_demux_gauge();
  memp_free(MEMP_TCP_TIME_WAIT, tw);
}

/** The peer has not got our ACK of its FIN: the two segment lifetimes begin again. */
void
tcp_time_wait_restart(struct tcp_time_wait *tw)
{
  take_off(tw);
  append(tw);
}

/**
 * Tells the peer where we are, but not more than once in a tick: two ends that
 * disagree must not answer each other for ever.
 */
void
tcp_time_wait_answer(struct tcp_time_wait *tw)
{
  struct tcp_pcb pcb;
#if LWIP_TCP_TIMESTAMPS
  struct tcp_extra extra;
#endif /* LWIP_TCP_TIMESTAMPS */

  if (tw->answered == (u16_t)tcp_ticks) {
    TCP_EVENT(challenge_held);
    return;
  }
  tw->answered = (u16_t)tcp_ticks;
  TCP_EVENT(challenge);

  /* what an ACK is made of */
  memset(&pcb, 0, sizeof(pcb));
  key_get_ip(&tw->key, tw->key.local_ip, tw->key.local_zone, &pcb.local_ip);
  key_get_ip(&tw->key, tw->key.remote_ip, tw->key.remote_zone, &pcb.remote_ip);
  pcb.local_port = tw->key.local_port;
  pcb.remote_port = tw->key.remote_port;
  pcb.netif_idx = tw->netif_idx;
  pcb.ttl = tw->ttl;
  pcb.tos = tw->tos;
  pcb.state = TIME_WAIT;
  pcb.tx = (struct tcp_tx *)&tcp_tx_none;
  pcb.extra = (struct tcp_extra *)&tcp_extra_none;
  pcb.snd_nxt = tw->snd_nxt;
  pcb.rcv_nxt = tw->rcv_nxt;
  pcb.rcv_ann_wnd = tw->wnd;
#if LWIP_NETIF_USE_HINTS
  pcb.netif_hints.dont_fragment = 1;
#endif /* LWIP_NETIF_USE_HINTS */
  tcp_params_init(&pcb, NULL);
#if LWIP_TCP_TIMESTAMPS
  if (tw->flags & TCP_TIME_WAIT_TIMESTAMP) {
    pcb.flags = TF_TIMESTAMP;
    memset(&extra, 0, sizeof(extra));
    pcb.extra = &extra;
    pcb.extra->ts_recent = tw->ts_recent;
    pcb.extra->ts_offset = tcp_secret_offset(&pcb.local_ip, pcb.local_port, &pcb.remote_ip, pcb.remote_port);
  }
#endif /* LWIP_TCP_TIMESTAMPS */
  tcp_send_empty_ack(&pcb);
}

/** Ends the oldest ones before their time. */
void
tcp_time_wait_evict(u32_t num)
{
  while ((num > 0) && (oldest != NULL)) {
    tcp_time_wait_end(oldest);
    TCP_EVENT(time_wait_ended);
    num--;
  }
}

/** Ends all of them. */
void
tcp_time_wait_clear(void)
{
  while (oldest != NULL) {
    tcp_time_wait_end(oldest);
  }
}

/** Ends those that have waited for two segment lifetimes; called by tcp_slowtmr(). */
void
tcp_time_wait_tmr(void)
{
  struct tcp_time_wait *tw;

  while (((tw = oldest) != NULL) &&
         ((u32_t)(tcp_ticks - tw->start) > 2 * TCP_MSL / TCP_SLOW_INTERVAL)) {
    /* long out of the cache */
    lwip_prefetch(tw->next);
    tcp_time_wait_end(tw);
  }
}

/** For a driver that knows the next segment, when no other connection can have it. */
void
tcp_time_wait_prefetch(u32_t hash)
{
  if (time_waits.num != 0) {
    lwip_prefetch(tcp_hash_bucket(&time_waits, hash));
  }
}

#endif /* LWIP_TCP */
