/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* questions and answers of the DNS, good ones and all others */
#include "dpdk-dns-message-private.h"

#include <string.h>

#define N_FUZZED 20000

static const ns_type all_types[] = { ns_t_a,  ns_t_aaaa, ns_t_ptr, ns_t_ns,
                                     ns_t_mx, ns_t_srv,  ns_t_txt, ns_t_soa };

static GBytes *
ask (const char *name, ns_type type)
{
  g_autoptr (GError) error = NULL;
  GBytes *question = dpdk_dns_question_new (name, type, TRUE, &error);

  g_assert_no_error (error);
  return question;
}

/* of the name that was asked for, which is at the beginning of the question */
static void
put_record (GByteArray *to, const void *owner, guint owner_size, guint type, const void *data,
            guint size)
{
  const guint8 fixed[] = {
    0, (guint8) type, 0, 1, 0, 0, 0, 60, (guint8) (size >> 8), (guint8) size
  };

  g_byte_array_append (to, owner, owner_size);
  g_byte_array_append (to, fixed, sizeof fixed);
  g_byte_array_append (to, data, size);
}

static GByteArray *
begin_answer (GBytes *question, guint n_answers)
{
  GByteArray *answer = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (question, &size);

  /* without the record of EDNS */
  g_byte_array_append (answer, data, (guint) size - 11);
  answer->data[2] = 0x81;
  answer->data[3] = 0x80;
  answer->data[7] = (guint8) n_answers;
  answer->data[11] = 0;
  return answer;
}

static GBytes *
end_answer (GByteArray *answer)
{
  return g_byte_array_free_to_bytes (answer);
}

static gboolean
collect (GBytes *answer, const char *asked, ns_type type, char **name, GPtrArray **records)
{
  guint n_aliases = 0;

  *name = g_strdup (asked);
  *records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  return dpdk_dns_answer_collect (answer, type, name, &n_aliases, *records);
}

static void
test_question (void)
{
  static const guint8 expected[] = { 1,   0,   0,  1,   0,   0,   0,   0, 0, 1,  3, 'w',
                                     'w', 'w', 4,  't', 'e', 's', 't', 0, 0, 28, 0, 1,
                                     0,   0,   41, 4,   208, 0,   0,   0, 0, 0,  0 };
  static const char *const bad[] = {
    "a..b", ".a",
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"
    ".test"
  };
  g_autoptr (GBytes) question = ask ("www.test", ns_t_aaaa);
  g_autoptr (GString) longest = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (question, &size);

  g_assert_cmpmem (data + 2, size - 2, expected, sizeof expected);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (dpdk_dns_question_new (bad[i], ns_t_a, TRUE, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  /* 254 octets and the root */
  for (guint i = 0; i < 127; i++)
    g_string_append (longest, i == 0 ? "a" : ".a");
  g_bytes_unref (ask (longest->str, ns_t_a));
  g_string_append (longest, ".a");
  g_assert_null (dpdk_dns_question_new (longest->str, ns_t_a, TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* each question has another number, which cannot be told from those before */
static void
test_ids (void)
{
  const guint n = 256;
  g_autoptr (GHashTable) ids = g_hash_table_new (NULL, NULL);
  guint n_next = 0, last = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GBytes) question = ask ("www.test", ns_t_a);
      guint id = ns_get16 (g_bytes_get_data (question, NULL));

      n_next += id == last + 1 ? 1 : 0;
      last = id;
      g_hash_table_add (ids, GUINT_TO_POINTER (id));
    }
  g_assert_cmpuint (g_hash_table_size (ids), >, n - 20);
  g_assert_cmpuint (n_next, <, 10);
}

static void
assert_verdict (GBytes *question, GByteArray *answer, DpdkDnsVerdict expected, guint expected_rcode)
{
  g_autoptr (GBytes) bytes = g_bytes_new (answer->data, answer->len);
  guint rcode = 0;

  g_assert_cmpint (dpdk_dns_answer_check (bytes, question, &rcode), ==, expected);
  g_assert_cmpuint (rcode, ==, expected_rcode);
}

static void
test_check (void)
{
  g_autoptr (GBytes) question = ask ("www.test", ns_t_a);
  g_autoptr (GByteArray) answer = begin_answer (question, 0);
  const guint size = answer->len;

  assert_verdict (question, answer, DPDK_DNS_VERDICT_COMPLETE, 0);
  answer->data[3] |= ns_r_nxdomain;
  assert_verdict (question, answer, DPDK_DNS_VERDICT_COMPLETE, ns_r_nxdomain);
  answer->data[2] |= 2;
  assert_verdict (question, answer, DPDK_DNS_VERDICT_TRUNCATED, ns_r_nxdomain);
  answer->data[2] = 0x81;
  answer->data[3] = 0x80;
  /* in other letters */
  answer->data[13] = 'W';
  assert_verdict (question, answer, DPDK_DNS_VERDICT_COMPLETE, 0);
  /* the id, what it is, the operation, how many questions, the name, the type, the class */
  for (guint i = 0; i < size; i++)
    {
      static const guint8 bits[] = { 1, 1, 0x80, 0, 1, 1 };
      guint8 bit = i < G_N_ELEMENTS (bits) ? bits[i] : i >= NS_HFIXEDSZ ? 1 : 0;

      if (bit == 0)
        continue;
      answer->data[i] ^= bit;
      assert_verdict (question, answer, DPDK_DNS_VERDICT_UNRELATED, 0);
      answer->data[i] ^= bit;
    }
  answer->data[2] |= 0x08;
  assert_verdict (question, answer, DPDK_DNS_VERDICT_UNRELATED, 0);
  answer->data[2] = 0x81;
  for (guint i = 0; i < size; i++)
    {
      GByteArray beginning = { answer->data, i };

      assert_verdict (question, &beginning, DPDK_DNS_VERDICT_UNRELATED, 0);
    }
  /* from a server that does not understand it */
  answer->data[3] = 0x80 | ns_r_formerr;
  answer->data[5] = 0;
  g_byte_array_set_size (answer, NS_HFIXEDSZ);
  assert_verdict (question, answer, DPDK_DNS_VERDICT_COMPLETE, ns_r_formerr);
}

static const guint8 self[] = { 0xc0, 12 };

/* an alias, and several records of what it stands for, compressed */
static GBytes *
make_big_answer (GBytes *question)
{
  static const guint8 target[] = { 3, 'w', 'e', 'b', 0xc0, 16 };
  static const guint8 address[] = { 192, 0, 2, 1 };
  static const guint8 v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
  static const guint8 mx[] = { 0, 10, 0xc0, 12 };
  static const guint8 srv[] = { 0, 1, 0, 2, 0, 80, 0xc0, 12 };
  static const guint8 text[] = { 2, 'a', 'b', 0, 3, 'c', 0xff, 'd' };
  static const guint8 soa[] = { 0xc0, 12, 0xc0, 16, 0, 0, 0, 1, 0, 0, 0, 2,
                                0,    0,  0,    3,  0, 0, 0, 4, 0, 0, 0, 5 };
  GByteArray *answer = begin_answer (question, 8);
  /* of the name in the data of the first record */
  guint8 web[] = { 0xc0, (guint8) (answer->len + 12) };

  put_record (answer, self, sizeof self, ns_t_cname, target, sizeof target);
  put_record (answer, web, sizeof web, ns_t_a, address, sizeof address);
  put_record (answer, web, sizeof web, ns_t_aaaa, v6, sizeof v6);
  put_record (answer, web, sizeof web, ns_t_mx, mx, sizeof mx);
  put_record (answer, web, sizeof web, ns_t_srv, srv, sizeof srv);
  put_record (answer, web, sizeof web, ns_t_txt, text, sizeof text);
  put_record (answer, web, sizeof web, ns_t_soa, soa, sizeof soa);
  put_record (answer, web, sizeof web, ns_t_ptr, self, sizeof self);
  return end_answer (answer);
}

static void
test_collect (void)
{
  static const struct {
    ns_type type;
    const char *expected;
  } cases[] = {
    { ns_t_a, "[byte 0xc0, 0x00, 0x02, 0x01]" },
    { ns_t_mx, "(uint16 10, 'www.test')" },
    { ns_t_srv, "(uint16 1, uint16 2, uint16 80, 'www.test')" },
    { ns_t_txt, "(['ab', '', 'c\357\277\275d'],)" },
    { ns_t_soa, "('www.test', 'test', uint32 1, uint32 2, uint32 3, uint32 4, uint32 5)" },
    { ns_t_ptr, "('www.test',)" },
  };
  g_autoptr (GBytes) question = ask ("www.test", ns_t_a);
  g_autoptr (GBytes) answer = make_big_answer (question);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) records = NULL;
      g_autofree char *name = NULL;
      g_autofree char *text = NULL;

      g_assert_true (collect (answer, "WWW.test", cases[i].type, &name, &records));
      g_assert_cmpstr (name, ==, "web.test");
      g_assert_cmpuint (records->len, ==, 1);
      text = g_variant_print (g_ptr_array_index (records, 0), TRUE);
      g_assert_cmpstr (text, ==, cases[i].expected);
    }
}

static void
test_malformed (void)
{
  static const struct {
    ns_type type;
    guint size;
    guint8 data[12];
  } cases[] = {
    { ns_t_a, 3, { 192, 0, 2 } },
    { ns_t_a, 5, { 192, 0, 2, 1, 1 } },
    { ns_t_aaaa, 4, { 192, 0, 2, 1 } },
    { ns_t_mx, 1, { 0 } },
    { ns_t_mx, 2, { 0, 10 } },
    /* into what is behind it, to itself, forwards, and beyond the end */
    { ns_t_mx, 3, { 0, 10, 3 } },
    { ns_t_mx, 4, { 0, 10, 0xc0, 44 } },
    { ns_t_mx, 4, { 0, 10, 0xff, 0xff } },
    { ns_t_mx, 5, { 0, 10, 0xc0, 12, 0 } },
    { ns_t_srv, 5, { 0, 1, 0, 2, 0 } },
    { ns_t_srv, 6, { 0, 1, 0, 2, 0, 80 } },
    { ns_t_txt, 1, { 1 } },
    { ns_t_txt, 3, { 3, 'a', 'b' } },
    { ns_t_ptr, 0, { 0 } },
    { ns_t_soa, 4, { 0xc0, 12, 0xc0, 12 } },
    { ns_t_cname, 1, { 0x80 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) question = ask ("www.test", cases[i].type);
      GByteArray *message = begin_answer (question, 1);
      g_autoptr (GBytes) answer = NULL;
      g_autoptr (GPtrArray) records = NULL;
      g_autofree char *name = NULL;

      put_record (message, self, sizeof self, cases[i].type, cases[i].data, cases[i].size);
      answer = end_answer (message);
      if (collect (answer, "www.test", cases[i].type == ns_t_cname ? ns_t_a : cases[i].type, &name,
                   &records))
        g_error ("case %u is not malformed", i);
    }
}

/* more records than there are, or fewer */
static void
test_counts (void)
{
  g_autoptr (GBytes) question = ask ("www.test", ns_t_a);
  g_autoptr (GBytes) good = make_big_answer (question);
  gsize size;
  const guint8 *data = g_bytes_get_data (good, &size);

  for (guint count = 0; count < 256; count++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      g_autoptr (GBytes) answer = NULL;
      g_autoptr (GPtrArray) records = NULL;
      g_autofree char *name = NULL;

      copy[7] = (guint8) count;
      answer = g_bytes_new (copy, size);
      g_assert_cmpint (collect (answer, "www.test", ns_t_a, &name, &records), ==, count == 8);
    }
}

static void
look_at (GBytes *answer, GBytes *question)
{
  guint rcode;

  if (dpdk_dns_answer_check (answer, question, &rcode) == DPDK_DNS_VERDICT_UNRELATED)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (all_types); i++)
    {
      g_autoptr (GPtrArray) records = NULL;
      g_autofree char *name = NULL;

      collect (answer, "www.test", all_types[i], &name, &records);
      for (guint j = 0; j < records->len; j++)
        g_free (g_variant_print (g_ptr_array_index (records, j), TRUE));
    }
  dpdk_dns_answer_is_authoritative_denial (answer);
}

/* each in a block of its own, so that reading beyond the end is seen */
static void
test_fuzzed (void)
{
  g_autoptr (GBytes) question = ask ("www.test", ns_t_a);
  g_autoptr (GBytes) good = make_big_answer (question);
  gsize size;
  const guint8 *data = g_bytes_get_data (good, &size);

  for (guint i = 0; i < N_FUZZED; i++)
    {
      g_autoptr (GBytes) answer = NULL;
      guint8 *copy = g_memdup2 (data, size);
      gsize length = size;

      for (gint32 n = g_test_rand_int_range (1, 6); n > 0; n--)
        copy[g_test_rand_int_range (3, (gint32) size)] = (guint8) g_test_rand_int ();
      if (g_test_rand_bit ())
        length = (gsize) g_test_rand_int_range (0, (gint32) size);
      answer = g_bytes_new (copy, length);
      g_free (copy);
      look_at (answer, question);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dns-message/question", test_question);
  g_test_add_func ("/dns-message/ids", test_ids);
  g_test_add_func ("/dns-message/check", test_check);
  g_test_add_func ("/dns-message/collect", test_collect);
  g_test_add_func ("/dns-message/malformed", test_malformed);
  g_test_add_func ("/dns-message/counts", test_counts);
  g_test_add_func ("/dns-message/fuzzed", test_fuzzed);
  return g_test_run ();
}
