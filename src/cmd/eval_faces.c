/* eval_faces.c: what an evaluation of faces shows besides figures: by asked age, by decade, faces at every age.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/mem.h"
#include "cmd/eval.h"

/* -- JSON -- */
static void add_control(cJSON *to, const char *key, const struct clgan_age_control *c, bool genders) {
  static const char *const names[] = {"images", "told", "error", "gender", "flipped"};
  cJSON *o = cJSON_AddObjectToObject(to, key), *list[5];
  for (int i = 0; i < 5; i++) list[i] = i == 3 && !genders ? NULL : cJSON_AddArrayToObject(o, names[i]);
  for (int k = 0; k < CLGAN_AGES; k++) {
    const struct clgan_age_count *a = &c->by_age[k];
    const double n = a->n ? (double)a->n : 1;
    const double value[5] = {(double)a->n, a->told, a->error, (double)a->right / n, (double)a->flipped / n};
    for (int i = 0; i < 5; i++)
      if (list[i]) cJSON_AddItemToArray(list[i], cJSON_CreateNumber(value[i]));
  }
}

void clgan_eval_faces_json(cJSON *root, const struct clgan_eval_facts *x, const struct clgan_evaluation *v) {
  cJSON *judge = cJSON_AddObjectToObject(root, "estimator"), *memory = cJSON_AddObjectToObject(root, "autoencoder");
  cJSON_AddNumberToObject(judge, "steps", (double)v->judge_steps);
  cJSON_AddNumberToObject(judge, "features", CLGAN_JUDGE_FEATURES);
  cJSON_AddNumberToObject(memory, "steps", (double)v->memory_steps);
  cJSON_AddNumberToObject(memory, "features", CLGAN_JUDGE_FEATURES);
  cJSON *decades = cJSON_AddObjectToObject(root, "by_decade"), *n = cJSON_AddArrayToObject(decades, "images"),
        *error = cJSON_AddArrayToObject(decades, "judge.age_error");
  for (int k = 0; k < CLGAN_DECADES; k++) {
    cJSON_AddItemToArray(n, cJSON_CreateNumber((double)v->skill.decade_n[k]));
    cJSON_AddItemToArray(error, cJSON_CreateNumber(v->skill.decade_error[k]));
  }
  cJSON *ages = cJSON_AddObjectToObject(root, "by_age"), *asked = cJSON_AddArrayToObject(ages, "asked_age");
  for (int k = 0; k < CLGAN_AGES; k++) cJSON_AddItemToArray(asked, cJSON_CreateNumber(clgan_age_asked(k)));
  add_control(ages, "generated", &v->control, x->model->settings.gender);
  add_control(ages, "transformed", &v->aged, true);
}

/* -- the page -- */
enum { LEFT = 36, TOP = 8, SIDE = 340, WIDE = LEFT + SIDE + 12, HIGH = TOP + SIDE + 58, TOP_AGE = 100 };

static double place_x(double age) {
  return LEFT + age / TOP_AGE * SIDE;
}
static double place_y(double age) {
  return TOP + SIDE - age / TOP_AGE * SIDE;
}

static void put_curve(struct clgan_text *t, const struct clgan_age_control *c, const char *colour, const char *name,
                      double at) {
  clgan_text_printf(t, "<polyline class=\"%s\" fill=\"none\" stroke-width=\"2\" points=\"", colour);
  for (int k = 0; k < CLGAN_AGES; k++)
    clgan_text_printf(t, "%.1f,%.1f ", place_x(clgan_age_asked(k)), place_y(c->by_age[k].told));
  clgan_text_printf(t, "\"/><circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"4\"/><text x=\"%.1f\" y=\"%d\">%s</text>\n",
                    colour, at, HIGH - 10, at + 9, HIGH - 6, name);
}

static void put_curves(struct clgan_page *p, const struct clgan_evaluation *v) {
  struct clgan_text t = {0};
  clgan_text_printf(&t, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Told ages by asked ages\">\n", WIDE, HIGH);
  for (int age = 0; age <= TOP_AGE; age += 20) {
    clgan_text_printf(&t, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", place_x(age), TOP,
                      place_x(age), TOP + SIDE);
    clgan_text_printf(&t, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, place_y(age),
                      LEFT + SIDE, place_y(age));
    clgan_text_printf(&t, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>", place_x(age), TOP + SIDE + 16, age);
    clgan_text_printf(&t, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", LEFT - 6, place_y(age) + 4, age);
  }
  clgan_text_printf(&t, "<line class=\"axis\" stroke-dasharray=\"4 4\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                    place_x(0), place_y(0), place_x(TOP_AGE), place_y(TOP_AGE));
  put_curve(&t, &v->control, "s0", "generated", LEFT + 40);
  put_curve(&t, &v->aged, "s1", "transformed", LEFT + 180);
  clgan_text_printf(&t, "</svg>\n");
  clgan_page_svg(p, t.s, "Across: the age asked for; up: the mean age that the estimator tells. The dashed line would be perfect.");
  clgan_text_free(&t);
}

static void put_ages(struct clgan_page *p, const char *title, const struct clgan_age_control *c, bool genders) {
  static const char *const head[] = {"Asked age", "Mean told age", "Mean error", "Gender as asked", "Gender flipped"};
  clgan_page_text(p, "%s, by the age asked for:", title);
  clgan_page_table(p, head, 5);
  for (int k = 0; k < CLGAN_AGES; k++) {
    const struct clgan_age_count *a = &c->by_age[k];
    const double n = a->n ? (double)a->n : 1;
    char cell[5][24];
    snprintf(cell[0], sizeof cell[0], "%.0f", clgan_age_asked(k));
    snprintf(cell[1], sizeof cell[1], "%.1f", a->told);
    snprintf(cell[2], sizeof cell[2], "%.1f", a->error);
    snprintf(cell[3], sizeof cell[3], "%.1f %%", 100 * (double)a->right / n);
    snprintf(cell[4], sizeof cell[4], "%.1f %%", 100 * (double)a->flipped / n);
    clgan_page_row(p, (const char *const[]){cell[0], cell[1], cell[2], genders ? cell[3] : "", cell[4]});
  }
  clgan_page_table_end(p);
}

static void put_decades(struct clgan_page *p, const struct clgan_age_skill *s) {
  static const char *const head[] = {"True age", "Mean error", "Faces"};
  clgan_page_text(p, "The estimator itself, on faces it has not seen:");
  clgan_page_table(p, head, 3);
  for (int k = 0; k < CLGAN_DECADES; k++) {
    char cell[3][24];
    if (!s->decade_n[k]) continue;
    snprintf(cell[0], sizeof cell[0], k + 1 < CLGAN_DECADES ? "%d to %d" : "%d and above", 10 * k, 10 * k + 9);
    snprintf(cell[1], sizeof cell[1], "%.1f", s->decade_error[k]);
    snprintf(cell[2], sizeof cell[2], "%" PRIu64, s->decade_n[k]);
    clgan_page_row(p, (const char *const[]){cell[0], cell[1], cell[2]});
  }
  clgan_page_table_end(p);
}

static const unsigned char *shown_cell(const void *context, size_t i, size_t k, size_t size) {
  return ((const struct clgan_evaluation *)context)->shown + (i * (1 + CLGAN_AGES) + k) * size;
}

enum clgan_status clgan_eval_faces_page(struct clgan_page *p, const struct clgan_eval_facts *x,
                                        const struct clgan_evaluation *v, struct clgan_error *e) {
  clgan_page_heading(p, "Transformed");
  CLGAN_TRY(clgan_eval_sheet(p, x->model, v->n_shown, 1 + CLGAN_AGES, 1, shown_cell, v,
                             "Original left, then the same code at 0, 8, ... 80 years", e));
  clgan_page_heading(p, "By age");
  put_curves(p, v);
  put_ages(p, "Generated faces", &v->control, x->model->settings.gender);
  put_ages(p, "Transformed faces", &v->aged, true);
  put_decades(p, &v->skill);
  return CLGAN_OK;
}
