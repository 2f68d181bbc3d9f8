/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-dns.h"

#include "net-kernel.h"
#include "net-udp.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 53
#define MAX_ALIASES 32
/* that a receive buffer has room for */
#define FLOOD 300

typedef struct {
  char *name;
  int type;
  GByteArray *data;
} Record;

/* an answer that waits */
typedef struct {
  gint64 due;
  GByteArray *answer;
  GSocketAddress *to;
} Late;

struct _NetDns {
  GThread *thread;
  int udp;
  int tcp;
  int stop[2];
  gint n_udp;
  gint n_tcp;
  GRand *random;
  GPtrArray *late;

  GMutex lock;
  GPtrArray *records;
  GHashTable *modes;
  GHashTable *delays;
  gboolean follows;
};

static void
record_free (gpointer data)
{
  Record *self = data;

  g_byte_array_unref (self->data);
  g_free (self->name);
  g_free (self);
}

static void
late_free (gpointer data)
{
  Late *self = data;

  g_byte_array_unref (self->answer);
  g_object_unref (self->to);
  g_free (self);
}

static guint
get16 (const guint8 *data)
{
  return (guint) (data[0] << 8 | data[1]);
}

static void
put8 (GByteArray *to, guint value)
{
  guint8 byte = (guint8) value;

  g_byte_array_append (to, &byte, 1);
}

static void
put16 (GByteArray *to, guint value)
{
  put8 (to, value >> 8);
  put8 (to, value & 0xff);
}

static void
put_name (GByteArray *to, const char *name)
{
  g_auto (GStrv) labels = g_strsplit (name, ".", -1);

  for (guint i = 0; labels[i] != NULL && labels[i][0] != '\0'; i++)
    {
      put8 (to, (guint) strlen (labels[i]));
      g_byte_array_append (to, (const guint8 *) labels[i], (guint) strlen (labels[i]));
    }
  put8 (to, 0);
}

static int
parse_type (const char *type)
{
  static const struct {
    const char *name;
    int number;
  } types[] = {
    { "A", ns_t_a },     { "AAAA", ns_t_aaaa }, { "CNAME", ns_t_cname },
    { "PTR", ns_t_ptr }, { "NS", ns_t_ns },     { "MX", ns_t_mx },
    { "SRV", ns_t_srv }, { "TXT", ns_t_txt },   { "SOA", ns_t_soa },
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i].name, type))
      return types[i].number;
  g_error ("no type of a record: %s", type);
}

/* words that are numbers, of 16 bits or 32 where they come last, and names */
static void
put_words (GByteArray *to, int type, const char *data)
{
  g_auto (GStrv) words = g_strsplit (data, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      guint64 number;

      if (!g_ascii_string_to_unsigned (words[i], 10, 0, G_MAXUINT32, &number, NULL))
        {
          put_name (to, words[i]);
          continue;
        }
      if (type == ns_t_soa)
        put16 (to, (guint) (number >> 16));
      put16 (to, (guint) number & 0xffff);
    }
}

static void
put_data (GByteArray *to, int type, const char *data)
{
  guint8 address[16];

  switch (type)
    {
    case ns_t_a:
      g_assert_cmpint (inet_pton (AF_INET, data, address), ==, 1);
      g_byte_array_append (to, address, 4);
      break;
    case ns_t_aaaa:
      g_assert_cmpint (inet_pton (AF_INET6, data, address), ==, 1);
      g_byte_array_append (to, address, 16);
      break;
    case ns_t_txt:
      put8 (to, (guint) strlen (data));
      g_byte_array_append (to, (const guint8 *) data, (guint) strlen (data));
      break;
    default:
      put_words (to, type, data);
    }
}

void
net_dns_add (NetDns *self, const char *name, const char *type, const char *data)
{
  Record *record = g_new0 (Record, 1);

  record->name = g_ascii_strdown (name, -1);
  record->type = parse_type (type);
  record->data = g_byte_array_new ();
  put_data (record->data, record->type, data);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->records, record);
  g_mutex_unlock (&self->lock);
}

void
net_dns_set_mode (NetDns *self, const char *name, NetDnsMode mode)
{
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->modes, g_ascii_strdown (name, -1), GUINT_TO_POINTER (mode));
  g_mutex_unlock (&self->lock);
}

void
net_dns_set_delay (NetDns *self, const char *name, const char *type, guint delay_ms)
{
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->delays, g_strdup_printf ("%d %s", parse_type (type), name),
                       GUINT_TO_POINTER (delay_ms));
  g_mutex_unlock (&self->lock);
}

void
net_dns_set_follows (NetDns *self, gboolean follows)
{
  g_mutex_lock (&self->lock);
  self->follows = follows;
  g_mutex_unlock (&self->lock);
}

guint
net_dns_get_n_udp (NetDns *self)
{
  return (guint) g_atomic_int_get (&self->n_udp);
}

guint
net_dns_get_n_tcp (NetDns *self)
{
  return (guint) g_atomic_int_get (&self->n_tcp);
}

typedef struct {
  guint8 header[NS_HFIXEDSZ];
  const guint8 *data;
  gsize size;
  char *name;
  int type;
  gboolean has_edns;
} Question;

static gboolean
parse_question (Question *self, const guint8 *data, gsize size)
{
  g_autoptr (GString) name = g_string_new (NULL);
  gsize at = NS_HFIXEDSZ;

  if (size < NS_HFIXEDSZ || get16 (data + 4) != 1)
    return FALSE;
  while (at < size && data[at] != 0)
    {
      if (name->len > 0)
        g_string_append_c (name, '.');
      g_string_append_len (name, (const char *) data + at + 1, data[at]);
      at += data[at] + 1u;
    }
  if (at + 5 > size)
    return FALSE;
  memcpy (self->header, data, NS_HFIXEDSZ);
  self->data = data + NS_HFIXEDSZ;
  self->size = at + 5 - NS_HFIXEDSZ;
  self->type = (int) get16 (data + at + 1);
  self->has_edns = get16 (data + 10) == 1;
  self->name = g_ascii_strdown (name->str, (gssize) name->len);
  return TRUE;
}

static void
put_record (GByteArray *to, const Record *record)
{
  put_name (to, record->name);
  put16 (to, (guint) record->type);
  put16 (to, ns_c_in);
  put16 (to, 0);
  put16 (to, 60);
  put16 (to, record->data->len);
  g_byte_array_append (to, record->data->data, record->data->len);
}

/* of the target of an alias */
static char *
get_target (const Record *record)
{
  GString *name = g_string_new (NULL);

  for (guint at = 0; record->data->data[at] != 0; at += record->data->data[at] + 1u)
    {
      if (name->len > 0)
        g_string_append_c (name, '.');
      g_string_append_len (name, (const char *) record->data->data + at + 1,
                           record->data->data[at]);
    }
  return g_string_free (name, FALSE);
}

/* gives the number of records; whether the name is known is told */
static guint
put_answers_locked (NetDns *self, GByteArray *to, const Question *question, gboolean *is_known)
{
  g_autofree char *name = g_strdup (question->name);
  guint n = 0;

  *is_known = FALSE;
  for (guint step = 0; step < MAX_ALIASES; step++)
    {
      char *target = NULL;

      for (guint i = 0; i < self->records->len; i++)
        {
          const Record *record = g_ptr_array_index (self->records, i);

          if (!g_str_equal (record->name, name))
            continue;
          *is_known = TRUE;
          if (record->type != question->type && record->type != ns_t_cname)
            continue;
          put_record (to, record);
          n++;
          if (record->type == ns_t_cname)
            target = get_target (record);
        }
      if (target == NULL || !self->follows)
        {
          g_free (target);
          break;
        }
      g_free (name);
      name = target;
    }
  return n;
}

static void
set16 (GByteArray *message, guint offset, guint value)
{
  message->data[offset] = (guint8) (value >> 8);
  message->data[offset + 1] = (guint8) value;
}

static void
fuzz (NetDns *self, GByteArray *answer)
{
  guint n = (guint) g_rand_int_range (self->random, 1, 4);

  /* of the header only what it counts */
  for (guint i = 0; i < n; i++)
    {
      guint at = (guint) g_rand_int_range (self->random, 6, (gint32) answer->len);

      answer->data[at] = (guint8) g_rand_int (self->random);
    }
  if (g_rand_boolean (self->random))
    g_byte_array_set_size (
        answer, (guint) g_rand_int_range (self->random, NS_HFIXEDSZ, (gint32) answer->len));
}

static GByteArray *
make_answer (NetDns *self, const Question *question, NetDnsMode mode, gboolean over_tcp)
{
  GByteArray *answer = g_byte_array_new ();
  guint rcode = ns_r_noerror, flags = 0x8180, n = 0;
  gboolean is_known;

  g_byte_array_append (answer, question->header, NS_HFIXEDSZ);
  g_byte_array_append (answer, question->data, (guint) question->size);
  set16 (answer, 6, 0);
  set16 (answer, 8, 0);
  set16 (answer, 10, 0);
  if (mode == NET_DNS_SERVFAIL)
    rcode = ns_r_servfail;
  else if (mode == NET_DNS_REFUSED)
    rcode = ns_r_refused;
  else if (mode == NET_DNS_OLD && question->has_edns)
    rcode = ns_r_formerr;
  else
    {
      g_mutex_lock (&self->lock);
      n = put_answers_locked (self, answer, question, &is_known);
      g_mutex_unlock (&self->lock);
      rcode = is_known ? ns_r_noerror : ns_r_nxdomain;
    }
  if (mode == NET_DNS_ALWAYS_TRUNCATED ||
      (!over_tcp && (mode == NET_DNS_TRUNCATED || mode == NET_DNS_HALF || answer->len > 1232)))
    {
      flags |= 0x0200;
      n = 0;
      g_byte_array_set_size (answer, (guint) (NS_HFIXEDSZ + question->size));
    }
  set16 (answer, 2, flags | rcode);
  set16 (answer, 6, n);
  if (mode == NET_DNS_MALFORMED)
    g_byte_array_set_size (answer, answer->len - 1);
  if (mode == NET_DNS_FUZZED)
    fuzz (self, answer);
  return answer;
}

static void
send_datagram (NetDns *self, GByteArray *answer, GSocketAddress *to)
{
  g_autofree char *host =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (to)));

  net_kernel_udp_send (self->udp, host, net_address_get_port (to), answer->data, answer->len);
}

static NetDnsMode
get_mode (NetDns *self, const char *name)
{
  NetDnsMode mode;

  g_mutex_lock (&self->lock);
  mode = (NetDnsMode) GPOINTER_TO_UINT (g_hash_table_lookup (self->modes, name));
  g_mutex_unlock (&self->lock);
  return mode;
}

static guint
get_delay (NetDns *self, const Question *question)
{
  g_autofree char *key = g_strdup_printf ("%d %s", question->type, question->name);
  guint delay;

  g_mutex_lock (&self->lock);
  delay = GPOINTER_TO_UINT (g_hash_table_lookup (self->delays, key));
  g_mutex_unlock (&self->lock);
  return delay;
}

/* what an attacker would send who does not see the question */
static void
send_wrong (NetDns *self, const Question *question, NetDnsMode mode, GSocketAddress *to)
{
  g_autoptr (GByteArray) wrong = NULL;

  if (mode != NET_DNS_WRONG_ID && mode != NET_DNS_WRONG_QUESTION && mode != NET_DNS_NO_QUESTION &&
      mode != NET_DNS_FLOOD)
    return;
  wrong = make_answer (self, question, NET_DNS_SERVFAIL, FALSE);
  if (mode == NET_DNS_WRONG_ID || mode == NET_DNS_FLOOD)
    wrong->data[1] ^= 1;
  else if (mode == NET_DNS_WRONG_QUESTION)
    wrong->data[NS_HFIXEDSZ + 1] ^= 1;
  else
    {
      set16 (wrong, 4, 0);
      g_byte_array_set_size (wrong, NS_HFIXEDSZ);
    }
  for (guint i = 0; i < (mode == NET_DNS_FLOOD ? FLOOD : 1); i++)
    send_datagram (self, wrong, to);
}

static void
serve_udp (NetDns *self)
{
  guint8 buffer[NS_MAXMSG];
  g_autoptr (GSocketAddress) from = NULL;
  gsize size = net_kernel_udp_receive (self->udp, buffer, sizeof buffer, &from);
  Question question = { 0 };
  g_autoptr (GByteArray) answer = NULL;
  NetDnsMode mode;
  guint delay;

  if (!parse_question (&question, buffer, size))
    g_error ("no question, of %" G_GSIZE_FORMAT " bytes", size);
  mode = get_mode (self, question.name);
  delay = get_delay (self, &question);
  answer = make_answer (self, &question, mode, FALSE);
  g_atomic_int_inc (&self->n_udp);
  send_wrong (self, &question, mode, from);
  if (mode != NET_DNS_SILENT && delay == 0)
    send_datagram (self, answer, from);
  else if (mode != NET_DNS_SILENT)
    {
      Late *late = g_new0 (Late, 1);

      late->due = g_get_monotonic_time () + delay * G_TIME_SPAN_MILLISECOND;
      late->answer = g_steal_pointer (&answer);
      late->to = g_steal_pointer (&from);
      g_ptr_array_add (self->late, late);
    }
  g_free (question.name);
}

static gboolean
read_all (int fd, guint8 *buffer, gsize size)
{
  gsize done = 0;

  while (done < size)
    {
      ssize_t n = read (fd, buffer + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      done += (gsize) n;
    }
  return TRUE;
}

/* who has asked may have lost interest */
static void
serve_tcp (NetDns *self)
{
  int fd = net_kernel_accept (self->tcp);
  guint8 length[2];
  guint8 buffer[NS_MAXMSG];
  Question question = { 0 };

  if (read_all (fd, length, sizeof length) && read_all (fd, buffer, get16 (length)) &&
      parse_question (&question, buffer, get16 (length)))
    {
      NetDnsMode mode = get_mode (self, question.name);
      g_autoptr (GByteArray) answer = make_answer (self, &question, mode, TRUE);
      g_autoptr (GByteArray) message = g_byte_array_new ();

      g_atomic_int_inc (&self->n_tcp);
      put16 (message, answer->len);
      g_byte_array_append (message, answer->data, answer->len);
      if (mode == NET_DNS_HALF)
        g_byte_array_set_size (message, message->len / 2);
      if (send (fd, message->data, message->len, MSG_NOSIGNAL) < 0)
        g_test_message ("answer over TCP: %s", g_strerror (errno));
    }
  g_free (question.name);
  net_kernel_close (fd);
}

/* gives how long the next one has to wait, in milliseconds */
static int
send_late (NetDns *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 next = G_MAXINT64;

  for (guint i = 0; i < self->late->len;)
    {
      Late *late = g_ptr_array_index (self->late, i);

      if (late->due <= now)
        {
          send_datagram (self, late->answer, late->to);
          g_ptr_array_remove_index_fast (self->late, i);
          continue;
        }
      next = MIN (next, late->due);
      i++;
    }
  return next == G_MAXINT64 ? -1 : (int) ((next - now) / 1000 + 1);
}

static gpointer
serve (gpointer data)
{
  NetDns *self = data;
  struct pollfd fds[] = {
    { .fd = self->stop[0], .events = POLLIN },
    { .fd = self->udp, .events = POLLIN },
    { .fd = self->tcp, .events = POLLIN },
  };

  while (fds[0].revents == 0)
    {
      if (poll (fds, G_N_ELEMENTS (fds), send_late (self)) < 0)
        {
          g_assert_cmpint (errno, ==, EINTR);
          continue;
        }
      if (fds[1].revents != 0)
        serve_udp (self);
      if (fds[2].revents != 0)
        serve_tcp (self);
    }
  return NULL;
}

static int
listen_on (const char *host)
{
  guint16 port = PORT;

  return net_kernel_listen (host, 16, &port);
}

NetDns *
net_dns_new (const char *host)
{
  NetDns *self = g_new0 (NetDns, 1);

  self->udp = net_kernel_udp_open (host, PORT);
  self->tcp = listen_on (host);
  g_assert_cmpint (pipe (self->stop), ==, 0);
  self->random = dpdk_test_random_new ();
  self->late = g_ptr_array_new_with_free_func (late_free);
  self->records = g_ptr_array_new_with_free_func (record_free);
  self->modes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->delays = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->follows = TRUE;
  g_mutex_init (&self->lock);
  self->thread = g_thread_new ("name server", serve, self);
  return self;
}

void
net_dns_free (NetDns *self)
{
  g_assert_cmpint (write (self->stop[1], "", 1), ==, 1);
  g_thread_join (self->thread);
  net_kernel_close (self->udp);
  net_kernel_close (self->tcp);
  net_kernel_close (self->stop[0]);
  net_kernel_close (self->stop[1]);
  g_ptr_array_unref (self->late);
  g_ptr_array_unref (self->records);
  g_hash_table_unref (self->modes);
  g_hash_table_unref (self->delays);
  g_rand_free (self->random);
  g_mutex_clear (&self->lock);
  g_free (self);
}
