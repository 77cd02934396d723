/* report.c: `clgan report`. SPDX-License-Identifier: MIT */
#include "cmd/report.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/session.h"

enum { SHEETS = 12 };

struct options {
  const char *out;
  uint64_t sheets;
};

static int by_step(const void *a, const void *b) {
  const struct clgan_report_sheet *x = a, *y = b;
  return (x->step > y->step) - (x->step < y->step);
}

/* step-NNNNNN.png */
static void find_sheets(struct clgan_report *r) {
  char *folder = clgan_file_join(r->run, "samples");
  DIR *d = opendir(folder);
  for (const struct dirent *f; d && (f = readdir(d));) {
    unsigned long long step;
    int end = 0;
    if (sscanf(f->d_name, "step-%llu.png%n", &step, &end) != 1 || !end || f->d_name[end]) continue;
    CLGAN_GROW(r->sheets, r->n_sheets, r->cap_sheets);
    r->sheets[r->n_sheets++] = (struct clgan_report_sheet){(double)step, clgan_file_join(folder, f->d_name)};
  }
  if (d) closedir(d);
  clgan_mem_free(folder);
  if (r->n_sheets) qsort(r->sheets, r->n_sheets, sizeof *r->sheets, by_step);
}

/* What is missing or damaged is told on the page; a folder that holds neither log nor checkpoint is no run. */
static enum clgan_status read_run(struct clgan_report *r, struct clgan_error *e) {
  char *log = clgan_file_join(r->run, "log.jsonl"), *checkpoint = clgan_file_join(r->run, "checkpoint.safetensors");
  bool has_log = clgan_file_exists(log), has_checkpoint = clgan_file_exists(checkpoint);
  struct clgan_error own = {0};
  enum clgan_status s = CLGAN_OK;
  if (!has_log && !has_checkpoint)
    s = clgan_error_set(e, CLGAN_ERR_IO,
                        "%s: no log.jsonl and no checkpoint.safetensors there: give the folder of a run", r->run);
  else if (has_log)
    s = clgan_report_log_read(log, &r->log, e);
  if (s == CLGAN_OK && r->log.damaged)
    clgan_log_warn("%s: %zu of its lines cannot be read and are left out, line %zu first", log, r->log.damaged,
                   r->log.first_damaged);
  if (s == CLGAN_OK && has_checkpoint && clgan_safetensors_open(checkpoint, &r->checkpoint, &own) != CLGAN_OK) {
    r->checkpoint = NULL;
    r->trouble = clgan_mem_strdup(own.text);
    clgan_log_warn("%s", own.text);
  }
  if (s == CLGAN_OK) find_sheets(r);
  clgan_mem_free(log);
  clgan_mem_free(checkpoint);
  return s;
}

static void free_run(struct clgan_report *r) {
  clgan_report_log_free(&r->log);
  if (r->checkpoint) clgan_safetensors_close(r->checkpoint);
  clgan_mem_free(r->trouble);
  for (size_t k = 0; k < r->n_sheets; k++) clgan_mem_free(r->sheets[k].path);
  clgan_mem_free(r->sheets);
}

static enum clgan_status report(const struct options *o, const struct clgan_args *a, struct clgan_error *e) {
  if (a->n_operands != 1)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: clgan report RUN -o report.html",
                           a->n_operands ? "one run at a time" : "the run's folder is missing");
  if (!o->out || !clgan_path_ends(o->out, ".html"))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           o->out ? "-o %.200s: the name must end in .html" : "-o F.html is missing%s",
                           o->out ? o->out : "");
  CLGAN_TRY(clgan_file_check_writable(o->out, e));
  struct clgan_report r = {.run = a->operands[0]};
  enum clgan_status s = read_run(&r, e);
  if (s == CLGAN_OK) s = clgan_report_page(&r, (size_t)o->sheets, o->out, e);
  if (s == CLGAN_OK)
    printf("%s: %zu logged steps, %zu sample sheets, %s\n", o->out, r.log.n, r.n_sheets,
           r.checkpoint ? "a checkpoint" : "no checkpoint");
  free_run(&r);
  return s;
}

int clgan_command_report(int argc, char **argv) {
  struct options o = {.sheets = SHEETS};
  const struct clgan_option options[] = {
      CLGAN_WORD("out", 'o', &o.out, "F", "the page, a name ending in .html"),
      CLGAN_WHOLE("sheets", 0, &o.sheets, NULL, 0, 1000,
                  "sample sheets shown, evenly over the run (default 12; 0: none)"),
  };
  const struct clgan_usage usage = {
      .name = "report",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis = "RUN -o report.html",
      .about =
          "What a run's folder holds as a page that needs nothing else: loss curves, throughput, sample sheets over "
          "time,\n"
          "settings. It may be written while the run goes on, and of one that was interrupted; what cannot be read is\n"
          "said and left out.",
      .examples = "  clgan report run -o report.html\n  clgan report run -o report.html --sheets 30\n"};
  struct clgan_args args = {0};
  struct clgan_error e = {0};
  enum clgan_status status = clgan_args_parse(&args, &usage, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) status = report(&o, &args, &e);
  clgan_args_free(&args);
  return clgan_command_finish("report", status, &e);
}
