/** @file eval.h  What `clgan eval` shows of an evaluation: a table, JSON, a page. */
#ifndef CLGAN_CMD_EVAL_H
#define CLGAN_CMD_EVAL_H
#include <cjson/cJSON.h>
#include <stdio.h>
#include "cl/cl.h"
#include "data/page.h"
#include "data/sheet.h"
#include "train/evaluate.h"

/** What was evaluated. */
struct clgan_eval_facts {
  const char *weights, *split;
  char weights_hash[65]; /**< SHA-256 of the file */
  const struct clgan_dataset *data;
  const struct clgan_model *model;
  uint64_t steps, n, seed, refine; /**< steps: behind the weights; refine: 0 or gradient steps on codes */
  const struct clgan_device_info *device;
  double seconds;
};

/** A figure as text: "98.31 %", "0.01437", "9.812 +- 0.020"; of @p v, which is one of f's numbers. */
void clgan_eval_number(const struct clgan_figure *f, double v, bool deviation, char out[64]);
/** Its interval: "98.04 to 98.55 %", or "". */
void clgan_eval_interval(const struct clgan_figure *f, char out[64]);
/** The class of @p c that was right least often among those asked, or -1. */
int clgan_eval_worst(const struct clgan_class_counts *c);

void clgan_eval_table(const struct clgan_eval_facts *x, const struct clgan_evaluation *v, FILE *to);
/** Schema clgan-eval/1 (docs/file-formats.md). The caller's (clgan_mem_free). */
enum clgan_status clgan_eval_json(const struct clgan_eval_facts *x, const struct clgan_evaluation *v, char **out,
                                  struct clgan_error *e);
/** @param grid generated images, a row for each condition. */
enum clgan_status clgan_eval_page(const struct clgan_eval_facts *x, const struct clgan_evaluation *v,
                                  const struct clgan_sheet *grid, const char *path, struct clgan_error *e);
/** Images of the model's size as one sheet of a page. cell: the k-th of the `each` images of item i, of @p size bytes. */
enum clgan_status clgan_eval_sheet(struct clgan_page *p, const struct clgan_model *m, size_t n, size_t each,
                                   size_t across,
                                   const unsigned char *(*cell)(const void *context, size_t i, size_t k, size_t size),
                                   const void *context, const char *caption, struct clgan_error *e);
/** What only evaluations of faces add. */
void clgan_eval_faces_json(cJSON *root, const struct clgan_eval_facts *x, const struct clgan_evaluation *v);
enum clgan_status clgan_eval_faces_page(struct clgan_page *p, const struct clgan_eval_facts *x,
                                        const struct clgan_evaluation *v, struct clgan_error *e);
#endif
