/* SPDX-License-Identifier: MIT */
/*
 * libedit in its unbuffered form: el_gets is called when a key waits and gives what the line holds
 * so far. Between lines, and while the process is stopped, the terminal is as we found it.
 */
#include "cli/connect/editor.h"

#include "godwit/error.h"

#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define PROMPT "> "

enum { HISTORY_MAX = 1000, CTRL_D = 4 };

struct gw_editor {
  EditLine *el;
  History *history;
  char *history_file; /* NULL: nowhere to keep it */
  struct gw_loop *loop;
  struct gw_io io;
  const struct gw_editor_events *events;
  void *owner;
  bool is_editing; /* the line is on the screen */
};

static char *prompt(EditLine *el) {
  static char text[] = PROMPT;
  (void)el;
  return text;
}

static void set_editing(struct gw_editor *editor, bool is_editing) {
  editor->is_editing = is_editing;
  el_set(editor->el, EL_UNBUFFERED, is_editing);
}

/* ---- keys ---- */

static void end_line(struct gw_editor *editor, const char *text, size_t len) {
  char *line = strndup(text, len);
  HistEvent event;
  set_editing(editor, false);
  if (line) {
    if (len > 0) history(editor->history, &event, H_ENTER, line);
    editor->events->on_line(editor->owner, line, len);
    free(line);
  }
  set_editing(editor, true);
}

static void end_input(struct gw_editor *editor) {
  set_editing(editor, false);
  gw_loop_io_remove(editor->loop, &editor->io);
  fputc('\n', stdout);
  editor->events->on_end(editor->owner);
}

static void on_ready(struct gw_io *io, unsigned events) {
  struct gw_editor *editor = gw_container_of(io, struct gw_editor, io);
  int n = 0;
  const char *text = el_gets(editor->el, &n);
  bool is_line = text && n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r');
  if (is_line)
    end_line(editor, text, (size_t)n - 1);
  else if ((text && n == 1 && text[0] == CTRL_D) || (!text && n == 0) ||
           (!text && events & GW_IO_HANGUP))
    end_input(editor);
}

/* ---- the screen ---- */

static unsigned columns(void) {
  struct winsize size;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* How wide the line is up to the cursor. */
static unsigned width_to_cursor(struct gw_editor *editor) {
  const LineInfo *line = el_line(editor->el);
  const char *at = line->buffer;
  unsigned width = sizeof PROMPT - 1;
  mbstate_t state = {0};
  while (at < line->cursor) {
    wchar_t c;
    size_t n = mbrtowc(&c, at, (size_t)(line->cursor - at), &state);
    if (n == 0 || n > (size_t)(line->cursor - at)) break;
    int w = wcwidth(c);
    width += w < 0 ? 2 : (unsigned)w; /* a control character is shown as ^X */
    at += n;
  }
  return width;
}

void gw_editor_hide(struct gw_editor *editor) {
  if (!editor || !editor->is_editing) return;
  unsigned rows = width_to_cursor(editor) / columns();
  fputc('\r', stdout);
  if (rows > 0) printf("\033[%uA", rows);
  fputs("\033[J", stdout);
  fflush(stdout);
}

void gw_editor_show(struct gw_editor *editor) {
  if (editor && editor->is_editing) el_set(editor->el, EL_REFRESH);
}

void gw_editor_resize(struct gw_editor *editor) {
  if (editor) el_resize(editor->el);
}

void gw_editor_suspend(struct gw_editor *editor) {
  if (!editor) {
    (void)raise(SIGSTOP);
    return;
  }
  gw_editor_hide(editor);
  bool was_editing = editor->is_editing;
  if (was_editing) set_editing(editor, false);
  (void)raise(SIGSTOP);
  if (was_editing) set_editing(editor, true);
}

/* ---- life ---- */

static char *find_history_file(void) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  char *path = NULL;
  int n = state && *state ? asprintf(&path, "%s/godwit_history", state)
          : home && *home ? asprintf(&path, "%s/.godwit_history", home)
                          : -1;
  return n < 0 ? NULL : path;
}

/* Lines may hold secrets: nobody else reads the file. */
static void save_history(struct gw_editor *editor) {
  HistEvent event;
  if (!editor->history_file) return;
  int fd = open(editor->history_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  close(fd);
  history(editor->history, &event, H_SAVE, editor->history_file);
}

static void set_locale(void) {
  const char *locale = setlocale(LC_CTYPE, "");
  if (!locale || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
    setlocale(LC_CTYPE, "C.UTF-8"); /* messages are UTF-8, whatever the environment forgot */
}

static int open_libedit(struct gw_editor *editor) {
  HistEvent event;
  set_locale();
  editor->el = el_init("godwit", stdin, stdout, stderr);
  editor->history = history_init();
  if (!editor->el || !editor->history) return GW_ERR_MEMORY;
  history(editor->history, &event, H_SETSIZE, HISTORY_MAX);
  history(editor->history, &event, H_SETUNIQUE, 1);
  editor->history_file = find_history_file();
  if (editor->history_file) history(editor->history, &event, H_LOAD, editor->history_file);
  el_set(editor->el, EL_EDITOR, "emacs");
  el_set(editor->el, EL_PROMPT, prompt);
  el_set(editor->el, EL_HIST, history, editor->history);
  el_set(editor->el, EL_SIGNAL, 0); /* signals come through the loop */
  el_source(editor->el, NULL);      /* ~/.editrc */
  return 0;
}

int gw_editor_open(struct gw_loop *loop, const struct gw_editor_events *events, void *owner,
                   struct gw_editor **out_editor) {
  struct gw_editor *editor = calloc(1, sizeof *editor);
  if (!editor) return GW_ERR_MEMORY;
  editor->loop = loop;
  editor->events = events;
  editor->owner = owner;
  editor->io.on_ready = on_ready;
  editor->io.fd = STDIN_FILENO;
  int err = open_libedit(editor);
  if (err == 0) err = gw_loop_io_add(loop, &editor->io, GW_IO_READ);
  if (err < 0) {
    editor->io.events = 0;
    gw_editor_close(editor);
    return err;
  }
  set_editing(editor, true);
  *out_editor = editor;
  return 0;
}

void gw_editor_close(struct gw_editor *editor) {
  if (!editor) return;
  if (editor->io.events) gw_loop_io_remove(editor->loop, &editor->io);
  if (editor->is_editing) {
    gw_editor_hide(editor);
    set_editing(editor, false);
  }
  if (editor->history) save_history(editor);
  if (editor->el) el_end(editor->el);
  if (editor->history) history_end(editor->history);
  free(editor->history_file);
  free(editor);
}
