/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/prefetch.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcp_recovery.h"
#include "lwip/priv/tcp_time_wait.h"
#include "lwip/priv/thread_priv.h"
#include "lwip/ip.h"
#include "lwip/stats.h"

#include <string.h>

#ifdef LWIP_HOOK_FILENAME
#include LWIP_HOOK_FILENAME
#endif
#include <sys/mman.h>

#define LISTEN_BUCKETS 256U

#define NUM_PORTS 65536U

#define PREFETCH_MIN 512U

/* those in TIME-WAIT have a table of their own: they do not lengthen the way to
 * the others */
static LWIP_TLS struct tcp_hash conns;
static LWIP_TLS u64_t hash_key[2];

/* what no segment needs: there is little room for thread-locals */
struct tables {
  struct tcp_pcb_listen *listeners[LISTEN_BUCKETS];
  u32_t *port_refs;
};

static LWIP_TLS struct tables *tables;

static void *
map_table(size_t size)
{
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return (p != MAP_FAILED) ? p : NULL;
}

static void
unmap_table(void *p, size_t size)
{
  if (p != NULL) {
    munmap(p, size);
  }
}

/** Allocates this thread's tables. */
err_t
tcp_demux_alloc(void)
{
  err_t err = tcp_hash_alloc(&conns);

  if (err == ERR_OK) {
    err = tcp_time_wait_alloc();
  }
  if (err == ERR_OK) {
    err = tcp_timed_alloc();
  }
  if (err != ERR_OK) {
    return err;
  }
  tables = (struct tables *)LWIP_TABLE_CALLOC(1, sizeof(*tables));
  if (tables == NULL) {
    return ERR_MEM;
  }
  tables->port_refs = (u32_t *)map_table(NUM_PORTS * sizeof(*tables->port_refs));
  if (tables->port_refs == NULL) {
    return ERR_MEM;
  }
  hash_key[0] = ((u64_t)LWIP_RAND() << 32) | LWIP_RAND();
  hash_key[1] = ((u64_t)LWIP_RAND() << 32) | LWIP_RAND() | 1;
  return ERR_OK;
}

/** Frees the tables; all pcbs are gone. */
void
tcp_demux_fini(void)
{
  tcp_time_wait_fini();
  tcp_hash_free(&conns);
  if (tables != NULL) {
    unmap_table(tables->port_refs, NUM_PORTS * sizeof(*tables->port_refs));
  }
  LWIP_TABLE_FREE(tables);
  tcp_timed_fini();
  hash_key[0] = 0;
  hash_key[1] = 0;
}

static u32_t
hash_mix(u64_t a, u64_t b)
{
  unsigned __int128 product = (unsigned __int128)(a ^ hash_key[0]) * (b ^ hash_key[1]);
  u64_t folded = (u64_t)product ^ (u64_t)(product >> 64);

  return (u32_t)(folded ^ (folded >> 32));
}

u32_t
tcp_demux_hash4(u32_t local_ip, u16_t local_port, u32_t remote_ip, u16_t remote_port)
{
  return hash_mix(((u64_t)local_ip << 32) | remote_ip, ((u64_t)local_port << 16) | remote_port);
}

#if LWIP_IPV6
u32_t
tcp_demux_hash6(const u32_t *local_ip, u16_t local_port, const u32_t *remote_ip, u16_t remote_port)
{
  u32_t l = hash_mix(((u64_t)local_ip[0] << 32) | local_ip[1], ((u64_t)local_ip[2] << 32) | local_ip[3]);
  u32_t r = hash_mix(((u64_t)remote_ip[0] << 32) | remote_ip[1], ((u64_t)remote_ip[2] << 32) | remote_ip[3]);

  return hash_mix(((u64_t)l << 32) | r, ((u64_t)local_port << 16) | remote_port);
}
#endif /* LWIP_IPV6 */

/** The keyed hash of the two ends of a connection. */
u32_t
tcp_demux_hash(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port)
{
#if LWIP_IPV6
  if (IP_IS_V6(local_ip)) {
    return tcp_demux_hash6(ip_2_ip6(local_ip)->addr, local_port, ip_2_ip6(remote_ip)->addr, remote_port);
  }
#endif /* LWIP_IPV6 */
#if LWIP_IPV4
  return tcp_demux_hash4(ip_2_ip4(local_ip)->addr, local_port, ip_2_ip4(remote_ip)->addr, remote_port);
#endif /* LWIP_IPV4 */
}

/** Tells the statistics how many connections there are. */
void
tcp_demux_gauge(void)
{
  TCP_GAUGE(connections, conns.num + tcp_time_wait_num());
  TCP_GAUGE(time_wait, tcp_time_wait_num());
  TCP_GAUGE(buckets, tcp_hash_buckets(&conns) + tcp_time_wait_buckets());
}

static struct tcp_pcb_listen **
listen_bucket(u16_t port)
{
  return &tables->listeners[port % LISTEN_BUCKETS];
}

static void
listen_remove(struct tcp_pcb_listen *lpcb)
{
  struct tcp_pcb_listen **link = listen_bucket(lpcb->local_port);

  while ((*link != NULL) && (*link != lpcb)) {
    link = &(*link)->hash_next;
  }
  LWIP_ASSERT("listen_remove: pcb not found", *link != NULL);
  if (*link != NULL) {
    *link = lpcb->hash_next;
  }
}

struct ends {
  const ip_addr_t *local_ip;
  const ip_addr_t *remote_ip;
  u16_t local_port;
  u16_t remote_port;
};

static int
is_between(const struct tcp_hash_node *node, const void *key)
{
  const struct tcp_pcb *pcb = TCP_HASH_ENTRY(node, const struct tcp_pcb, hash);
  const struct ends *ends = (const struct ends *)key;

  return (pcb->remote_port == ends->remote_port) && (pcb->local_port == ends->local_port) &&
         ip_addr_cmp(&pcb->remote_ip, ends->remote_ip) && ip_addr_cmp(&pcb->local_ip, ends->local_ip);
}

/** Finds the connection, but not one in TIME-WAIT, that a segment belongs to. */
struct tcp_pcb *
tcp_demux_find(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port)
{
  const u32_t hash = tcp_demux_hash(local_ip, local_port, remote_ip, remote_port);
  const struct ends ends = { local_ip, remote_ip, local_port, remote_port };
  struct tcp_hash_node *node = tcp_hash_find(&conns, hash, is_between, &ends);

  return (node != NULL) ? TCP_HASH_ENTRY(node, struct tcp_pcb, hash) : NULL;
}

/** Whether there is a connection with these ends, in TIME-WAIT or not. */
int
tcp_demux_conn_used(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port)
{
  return (tcp_demux_find(local_ip, local_port, remote_ip, remote_port) != NULL) ||
         (tcp_time_wait_find(local_ip, local_port, remote_ip, remote_port) != NULL);
}

/** Finds the listener for a segment: one that is bound to the address before one that is not. */
struct tcp_pcb_listen *
tcp_demux_find_listen(const ip_addr_t *local_ip, u16_t local_port, u8_t netif_idx)
{
  struct tcp_pcb_listen *lpcb, *any = NULL;

  for (lpcb = *listen_bucket(local_port); lpcb != NULL; lpcb = lpcb->hash_next) {
    if ((lpcb->local_port != local_port) ||
        ((lpcb->netif_idx != NETIF_NO_INDEX) && (lpcb->netif_idx != netif_idx))) {
      continue;
    }
    if (IP_IS_ANY_TYPE_VAL(lpcb->local_ip)) {
      if (any == NULL) {
        any = lpcb;
      }
    } else if (IP_ADDR_PCB_VERSION_MATCH_EXACT(lpcb, local_ip)) {
      if (ip_addr_cmp(&lpcb->local_ip, local_ip)) {
        return lpcb;
      }
      if (ip_addr_isany(&lpcb->local_ip)) {
        any = lpcb;
      }
    }
  }
  return any;
}

int
tcp_demux_port_used(u16_t port)
{
  return tables->port_refs[port] != 0;
}

void
tcp_demux_port_ref(u16_t port)
{
  tables->port_refs[port]++;
}

void
tcp_demux_port_unref(u16_t port)
{
  tables->port_refs[port]--;
}

static int
port_in_list(const struct tcp_pcb *pcb, u16_t port)
{
  while ((pcb != NULL) && (pcb->local_port != port)) {
    pcb = pcb->next;
  }
  return pcb != NULL;
}

/**
 * Chooses a local port: at random, then the next ones (RFC 6056, algorithm 2).
 * Connections to different remote ends may share one; without a remote end it
 * is one that nobody uses.
 *
 * @return 0 when there is none
 */
u16_t
tcp_demux_new_port(const ip_addr_t *local_ip, const ip_addr_t *remote_ip, u16_t remote_port)
{
  const u32_t num = TCP_DYNAMIC_PORT_MAX - TCP_DYNAMIC_PORT_MIN + 1;
  u32_t start = LWIP_RAND() % num;
  u32_t i;

  for (i = 0; i < num; i++) {
    u16_t port = (u16_t)(TCP_DYNAMIC_PORT_MIN + (start + i) % num);

#ifdef LWIP_HOOK_PORT_IS_OURS
    if (!LWIP_HOOK_PORT_IS_OURS(port)) {
      continue;
    }
#endif
    if (tables->port_refs[port] == 0) {
      return port;
    }
    if ((remote_ip != NULL) &&
        !tcp_demux_conn_used(local_ip, port, remote_ip, remote_port) &&
        !port_in_list(tcp_bound_pcbs, port) && !port_in_list(tcp_listen_pcbs.pcbs, port)) {
      return port;
    }
  }
  return 0;
}

/** Whether there are as many connections as the tables have room for. */
int
tcp_demux_is_full(void)
{
  return tcp_timed_is_full(conns.num);
}

/** Whether there are so many connections that they are not in the cache anyway. */
int
tcp_demux_wants_prefetch(void)
{
  return conns.num >= PREFETCH_MIN;
}

void
tcp_demux_prefetch_bucket(u32_t hash)
{
  lwip_prefetch(tcp_hash_bucket(&conns, hash));
}

static const struct tcp_pcb *
candidate(u32_t hash)
{
  const struct tcp_hash_node *node = tcp_hash_candidate(&conns, hash);

  return (node != NULL) ? TCP_HASH_ENTRY(node, const struct tcp_pcb, hash) : NULL;
}

void
tcp_demux_prefetch_pcb(u32_t hash)
{
  const struct tcp_pcb *pcb = candidate(hash);

  if (pcb != NULL) {
    lwip_prefetch_lines(pcb, sizeof(*pcb));
  } else {
    tcp_time_wait_prefetch(hash);
  }
}

void
tcp_demux_prefetch_arg(u32_t hash, size_t size)
{
  const struct tcp_pcb *pcb = candidate(hash);

  if (pcb != NULL) {
    lwip_prefetch_lines(pcb->callback_arg, size);
    lwip_prefetch_lines(pcb->tx, sizeof(*pcb->tx));
  }
}

void
tcp_demux_prefetch_rest(u32_t hash)
{
  const struct tcp_pcb *pcb = candidate(hash);

  if (pcb != NULL) {
    lwip_prefetch(pcb->tx->unacked);
    if (pcb->callbacks->prefetch != NULL) {
      pcb->callbacks->prefetch(pcb->callback_arg);
    }
  }
}

/** Puts pcb on one of the lists of tcp_pcb_lists[], what TCP_REG() does. */
void
tcp_pcb_link(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
  pcb->next = *list;
  if (pcb->next != NULL) {
    pcb->next->pprev = &pcb->next;
  }
  pcb->pprev = list;
  *list = pcb;

  if (list == &tcp_tw_pcbs) {
    return;
  }
  tcp_demux_port_ref(pcb->local_port);
  if (list == &tcp_listen_pcbs.pcbs) {
    struct tcp_pcb_listen *lpcb = (struct tcp_pcb_listen *)pcb;
    struct tcp_pcb_listen **bucket = listen_bucket(lpcb->local_port);
    lpcb->hash_next = *bucket;
    *bucket = lpcb;
  } else if (list == &tcp_active_pcbs) {
    pcb->hash.hash = tcp_demux_hash(&pcb->local_ip, pcb->local_port, &pcb->remote_ip, pcb->remote_port);
    tcp_hash_insert(&conns, &pcb->hash);
    tcp_demux_gauge();
    pcb->poll_tick = (u8_t)tcp_ticks;
    tcp_timed(pcb);
  }
}

/** Takes pcb off the list that it is on, if it is on one: what TCP_RMV() does. */
void
tcp_pcb_unlink(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
  if (pcb->pprev == NULL) {
    return;
  }

  if (pcb->next != NULL) {
    pcb->next->pprev = pcb->pprev;
  }
  *pcb->pprev = pcb->next;
  pcb->next = NULL;
  pcb->pprev = NULL;

  if (list == &tcp_tw_pcbs) {
    return;
  }
  tcp_demux_port_unref(pcb->local_port);
  if (list == &tcp_listen_pcbs.pcbs) {
    listen_remove((struct tcp_pcb_listen *)pcb);
  } else if (list == &tcp_active_pcbs) {
    tcp_hash_remove(&conns, &pcb->hash);
    tcp_demux_gauge();
    tcp_timed_remove(pcb);
  }
}

/** Moves an active connection to TIME-WAIT. The pcb waits on a list for the application to close it. */
void
tcp_pcb_time_wait(struct tcp_pcb *pcb)
{
  tcp_pcb_purge(pcb);
  TCP_RMV_ACTIVE(pcb);
  pcb->state = TIME_WAIT;
  tcp_time_wait_enter(pcb);
  TCP_REG(&tcp_tw_pcbs, pcb);
}

#endif /* LWIP_TCP */
