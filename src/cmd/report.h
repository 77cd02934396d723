/** @file report.h  `clgan report`: what a run's folder holds, as a page. */
#ifndef CLGAN_CMD_REPORT_H
#define CLGAN_CMD_REPORT_H
#include <stdbool.h>
#include <stddef.h>

#include "base/safetensors.h"

/** log.jsonl, column by column. Zero-initialise. */
struct clgan_report_log {
  char **names; /**< of the losses, in order of appearance */
  size_t n_names, cap_names;
  struct clgan_report_line {
    double step, images, seconds, *losses; /**< losses [n_names known when the line was read]; NAN: not in the line */
    size_t n_losses;
    bool begins; /**< the first line after a start or a resume: seconds count anew */
  } * lines;
  size_t n, cap;
  size_t damaged, first_damaged; /**< lines that cannot be read and are left out; the first one's number, from 1 */
  size_t sessions;               /**< starts and resumes */
};
/** Reads JSON objects, a line each, that have a number "step"; every other number but images, seconds and images_per_s is a
 * loss. Lines that are none are counted and left out. @return CLGAN_ERR_IO. */
enum clgan_status clgan_report_log_read(const char *path, struct clgan_report_log *log, struct clgan_error *e);
void clgan_report_log_free(struct clgan_report_log *log);
/** Loss @p k of line @p i, or NAN. */
double clgan_report_loss(const struct clgan_report_log *log, size_t i, size_t k);
/** Seconds of all sessions until line @p i. */
double clgan_report_seconds(const struct clgan_report_log *log, size_t i);

/** What is in a run's folder: log, metadata of the checkpoint, names of sample sheets. Zero-initialise. */
struct clgan_report {
  const char *run;
  struct clgan_report_log log;
  struct clgan_safetensors *checkpoint; /**< NULL: there is none, or none that can be read: `trouble` */
  char *trouble;                        /**< why the checkpoint cannot be read; NULL */
  struct clgan_report_sheet {
    double step;
    char *path;
  } * sheets; /**< by step */
  size_t n_sheets, cap_sheets;
};
/** @param most sheets that the page shows, the first and the last among them. */
enum clgan_status clgan_report_page(const struct clgan_report *r, size_t most, const char *path, struct clgan_error *e);
#endif
