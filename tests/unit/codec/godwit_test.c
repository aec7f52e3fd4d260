/* SPDX-License-Identifier: MIT */
/* The lines of godwit.v1: what a client's message means, and what the server's lines look like. */
#include "codec/godwit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct gw_godwit_request request;
static const char *problem;

static int parse(struct gw_str message) {
  problem = NULL;
  int err = gw_godwit_parse(message, &request, &problem);
  assert_int_equal(err == 0, problem == NULL);
  return err;
}

static void is_text(struct gw_str got, const char *expected) {
  if (!expected) {
    assert_null(got.at);
    return;
  }
  assert_non_null(got.at);
  if (!gw_str_is(got, expected))
    fail_msg("\"%.*s\" instead of \"%s\"", (int)got.len, got.at, expected);
}

static void messages(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum gw_godwit_verb verb;
    const char *word, *id, *after, *event, *inbox, *body;
    unsigned limit;
  } good[] = {
      {"ping", GW_GODWIT_PING, NULL, NULL, NULL, NULL, NULL, NULL, 0},
      {"ping id=7", GW_GODWIT_PING, NULL, "7", NULL, NULL, NULL, NULL, 0},
      {"ping\n", GW_GODWIT_PING, NULL, NULL, NULL, NULL, NULL, "", 0},
      {"auth ann", GW_GODWIT_AUTH, "ann", NULL, NULL, NULL, NULL, NULL, 0},
      {"auth a.b=.c inbox=e:1 id=~!", GW_GODWIT_AUTH, "a.b=.c", "~!", NULL, NULL, "e:1", NULL, 0},
      {"sub lobby", GW_GODWIT_SUB, "lobby", NULL, NULL, NULL, NULL, NULL, 0},
      {"sub a=b after=e:1 id=x", GW_GODWIT_SUB, "a=b", "x", "e:1", NULL, NULL, NULL, 0},
      {"sub a%20b%25%0a", GW_GODWIT_SUB, "a b%\n", NULL, NULL, NULL, NULL, NULL, 0},
      {"sub a+b", GW_GODWIT_SUB, "a+b", NULL, NULL, NULL, NULL, NULL, 0},
      {"sub gr\xC3\xBC\xC3\x9F", GW_GODWIT_SUB, "gr\xC3\xBC\xC3\x9F", NULL, NULL, NULL, NULL, NULL,
       0},
      {"sub a after=", GW_GODWIT_SUB, "a", NULL, "", NULL, NULL, NULL, 0},
      {"unsub a new=option other=", GW_GODWIT_UNSUB, "a", NULL, NULL, NULL, NULL, NULL, 0},
      {"who a id=1", GW_GODWIT_WHO, "a", "1", NULL, NULL, NULL, NULL, 0},
      {"who a limit=x event= after=y", GW_GODWIT_WHO, "a", NULL, NULL, NULL, NULL, NULL, 0},
      {"history a limit=999999", GW_GODWIT_HISTORY, "a", NULL, NULL, NULL, NULL, NULL, 999999},
      {"history a limit=1 after=e%3A2", GW_GODWIT_HISTORY, "a", NULL, "e:2", NULL, NULL, NULL, 1},
      {"pub a\nhello", GW_GODWIT_PUB, "a", NULL, NULL, NULL, NULL, "hello", 0},
      {"pub a\n", GW_GODWIT_PUB, "a", NULL, NULL, NULL, NULL, "", 0},
      {"pub a", GW_GODWIT_PUB, "a", NULL, NULL, NULL, NULL, NULL, 0},
      {"pub a event=b%20c=d id=9\none\ntwo\n", GW_GODWIT_PUB, "a", "9", NULL, "b c=d", NULL,
       "one\ntwo\n", 0},
      {"to ann%20b event=x\n%20", GW_GODWIT_TO, "ann b", NULL, NULL, "x", NULL, "%20", 0},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    if (parse(gw_str_of(good[i].text)) < 0) fail_msg("%s: %s", good[i].text, problem);
    assert_int_equal(request.verb, good[i].verb);
    is_text(request.word, good[i].word);
    is_text(request.id, good[i].id);
    is_text(request.after, good[i].after);
    is_text(request.event, good[i].event);
    is_text(request.inbox, good[i].inbox);
    is_text(request.body, good[i].body);
    assert_int_equal(request.limit, good[i].limit);
  }
}

/* Each has the id that its error must bear, where one can be found. */
static void malformed_messages(void **state) {
  (void)state;
  static const struct {
    const char *text, *id;
  } bad[] = {
      {"", NULL},
      {"\n", NULL},
      {" ", NULL},
      {" ping", NULL},
      {"Ping id=1", "1"},
      {"pings id=1", "1"},
      {"publish lobby id=1\nbody", "1"},
      {"{\"json\": true}", NULL},
      {"ping ", NULL},
      {"ping  id=1", "1"},
      {"ping id=1 ", "1"},
      {"ping x", NULL},
      {"ping x id=3", "3"},
      {"ping id=1 id=1", "1"},
      {"ping id=", NULL},
      {"ping id=a\x7F", NULL},
      {"ping id=\xC3\xBC", NULL},
      {"ping\tid=1", NULL},
      {"ping id=1\r\n", NULL},
      {"ping id=1\nbody", "1"},
      {"ping =1", NULL},
      {"sub", NULL},
      {"sub ", NULL},
      {"sub  id=2", "2"},
      {"sub a b id=2", "2"},
      {"sub a%2 id=2", "2"},
      {"sub a%zz id=2", "2"},
      {"sub a% id=2", "2"},
      {"sub a after=%x id=2", "2"},
      {"sub a after=e:1 after=e:1 id=2", "2"},
      {"sub a id=2\nbody", "2"},
      {"unsub", NULL},
      {"auth", NULL},
      {"who", NULL},
      {"history", NULL},
      {"history a limit=0 id=4", "4"},
      {"history a limit= id=4", "4"},
      {"history a limit=1000000 id=4", "4"},
      {"history a limit=99999999999999999999 id=4", "4"},
      {"history a limit=-1 id=4", "4"},
      {"history a limit=+1 id=4", "4"},
      {"history a limit=1x id=4", "4"},
      {"pub", NULL},
      {"pub\nbody", NULL},
      {"pub a event= id=5\nbody", "5"},
      {"pub a event=%0A id=5\nbody", "5"},
      {"pub a event=%7F id=5\nbody", "5"},
      {"pub a event=%FF id=5\nbody", "5"},
      {"pub a event=%ED%A0%80 id=5\nbody", "5"},
      {"pub a key= id=5\nbody", "5"},
      {"pub a key=\xC3\xBC id=5\nbody", "5"},
      {"to\nbody", NULL},
      {"to \nbody", NULL},
      {"ping a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=1 k=2 l=3 m=4 n=5 o=6 p=7 q=8", NULL},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (parse(gw_str_of(bad[i].text)) == 0) fail_msg("\"%s\" passed", bad[i].text);
    is_text(request.id, bad[i].id);
  }
  assert_int_equal(parse((struct gw_str){0}), GW_ERR_ARGUMENT);
  assert_int_equal(parse((struct gw_str){"sub a\0b", 7}), GW_ERR_ARGUMENT);
}

/* A message of `len` bytes: the beginning, then x. */
static struct gw_str stretched(const char *beginning, size_t len) {
  static char text[GW_GODWIT_LINE_MAX + 64];
  memset(text, 'x', sizeof text);
  memcpy(text, beginning, strlen(beginning));
  return (struct gw_str){text, len};
}

static void limits(void **state) {
  (void)state;
  assert_int_equal(parse(stretched("ping id=", 8 + GW_GODWIT_ID_MAX)), 0);
  assert_int_equal(parse(stretched("ping id=", 9 + GW_GODWIT_ID_MAX)), GW_ERR_ARGUMENT);
  assert_int_equal(parse(stretched("pub a event=", 12 + GW_GODWIT_EVENT_MAX)), 0);
  assert_int_equal(parse(stretched("pub a event=", 13 + GW_GODWIT_EVENT_MAX)), GW_ERR_ARGUMENT);
  assert_int_equal(parse(stretched("pub a key=", 10 + GW_GODWIT_KEY_MAX)), 0);
  assert_int_equal(parse(stretched("pub a key=", 11 + GW_GODWIT_KEY_MAX)), GW_ERR_ARGUMENT);
  assert_int_equal(parse(stretched("auth ", GW_GODWIT_LINE_MAX)), 0);
  assert_int_equal(request.word.len, GW_GODWIT_LINE_MAX - 5);
  assert_int_equal(parse(stretched("auth ", GW_GODWIT_LINE_MAX + 1)), GW_ERR_ARGUMENT);
  assert_int_equal(parse(stretched("auth %20", GW_GODWIT_LINE_MAX)), 0);
  assert_int_equal(request.word.len, GW_GODWIT_LINE_MAX - 7);
  /* The body is no part of the line. */
  assert_int_equal(parse(stretched("pub a\n", GW_GODWIT_LINE_MAX + 64)), 0);
  assert_int_equal(request.body.len, GW_GODWIT_LINE_MAX + 58);
}

/* However many words have to be decoded, there is room for them. */
static void all_words_are_decoded(void **state) {
  (void)state;
  assert_int_equal(parse(GW_STR("auth %41%42 inbox=%43%44 id=%41")), 0);
  is_text(request.word, "AB");
  is_text(request.inbox, "CD");
  is_text(request.id, "%41");
}

static void a_key_is_what_is_published_with(void **state) {
  (void)state;
  assert_int_equal(parse(GW_STR("pub a key=k%41 id=1\nbody")), 0);
  is_text(request.key, "k%41");
  assert_int_equal(parse(GW_STR("to ann key=k\nbody")), 0);
  is_text(request.key, "k");
  assert_int_equal(parse(GW_STR("sub a key=")), 0);
  is_text(request.key, NULL);
}

static struct gw_godwit_line line;

static void is_line(const char *expected) {
  is_text((struct gw_str){line.at, line.len}, expected);
}

static void lines(void **state) {
  (void)state;
  const struct gw_str none = {0}, id = GW_STR("7"), ann = GW_STR("ann b"), cursor = GW_STR("e:1");
  const struct gw_godwit_standing whole = {.cursor = cursor, .is_recovered = true},
                                  gap = {.cursor = cursor, .is_missed_known = true, .missed = 3},
                                  lost = {.cursor = cursor};
  gw_godwit_welcome(&line, GW_STR("S-1"), none, 25, false);
  is_line("welcome session=S-1 version=1 ping=25");
  gw_godwit_welcome(&line, GW_STR("S-1"), ann, 25, true);
  is_line("welcome session=S-1 user=ann%20b version=1 ping=25 resumed=yes");
  gw_godwit_ok(&line, none);
  is_line("ok");
  gw_godwit_ok_cursor(&line, id, cursor, false);
  is_line("ok id=7 cursor=e:1");
  gw_godwit_ok_cursor(&line, id, cursor, true);
  is_line("ok id=7 cursor=e:1 duplicate=yes");
  gw_godwit_ok_user(&line, id, ann);
  is_line("ok id=7 user=ann%20b");
  gw_godwit_ok_history(&line, id, &whole);
  is_line("ok id=7 cursor=e:1 recovered=yes");
  gw_godwit_ok_history(&line, id, &gap);
  is_line("ok id=7 cursor=e:1 recovered=no missed=3");
  gw_godwit_error(&line, 404, none, "not held");
  is_line("error 404 not-held");
  gw_godwit_error(&line, 404, id, "not held");
  is_line("error 404 id=7 not-held");
  gw_godwit_pong(&line, none);
  is_line("pong");
  gw_godwit_pong(&line, id);
  is_line("pong id=7");
  gw_godwit_subscribed(&line, GW_STR("a b"), &lost, none);
  is_line("subscribed a%20b cursor=e:1 recovered=no");
  gw_godwit_subscribed(&line, GW_STR("a"), &gap, id);
  is_line("subscribed a cursor=e:1 recovered=no missed=3 id=7");
  gw_godwit_msg(&line, GW_STR("50% \x7F"), cursor, none, none);
  is_line("msg 50%25%20%7F e:1\n");
  gw_godwit_msg(&line, GW_STR("gr\xC3\xBC\xC3\x9F"), cursor, GW_STR("x=y z"), ann);
  is_line("msg gr\xC3\xBC\xC3\x9F e:1 event=x=y%20z from=ann%20b\n");
  gw_godwit_direct(&line, cursor, GW_STR("x"), none);
  is_line("direct e:1 event=x\n");
  gw_godwit_users(&line, GW_STR("a"), id, 2, 3);
  is_line("users a id=7 sessions=3 users=2");
  gw_godwit_users_line(&line, ann, 2);
  is_line("\nann%20b 2");
  gw_godwit_join(&line, GW_STR("a b"), ann);
  is_line("join a%20b ann%20b");
  gw_godwit_leave(&line, GW_STR("a"), ann);
  is_line("leave a ann%20b");
  gw_godwit_bye(&line, 4500, 1200, "slow consumer");
  is_line("bye 4500 retry=1200 slow-consumer");
}

/* The longest there can be fits, and comes back as it was. */
static void longest_line(void **state) {
  (void)state;
  char blanks[255];
  memset(blanks, ' ', sizeof blanks);
  const struct gw_str name = {blanks, sizeof blanks}, user = {blanks, 128};
  gw_godwit_msg(&line, name, GW_STR("abcdefghijkl:18446744073709551615"), name, user);
  assert_true(line.len < sizeof line.at);
  assert_int_equal(line.at[line.len - 1], '\n');
  gw_godwit_join(&line, name, user);
  memcpy(line.at, "auth", 4);
  assert_int_equal(line.len, 4 + 1 + 3 * 255 + 1 + 3 * 128);
  assert_int_equal(parse((struct gw_str){line.at, 5 + 3 * 255}), 0);
  assert_int_equal(request.word.len, 255);
  assert_memory_equal(request.word.at, blanks, 255);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages),
      cmocka_unit_test(malformed_messages),
      cmocka_unit_test(limits),
      cmocka_unit_test(all_words_are_decoded),
      cmocka_unit_test(a_key_is_what_is_published_with),
      cmocka_unit_test(lines),
      cmocka_unit_test(longest_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
