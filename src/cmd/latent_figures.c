/* latent_figures.c: the figures of `clgan latent` in words, and as a table on the terminal. SPDX-License-Identifier:
 * MIT */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/latent.h"

struct list {
  struct clgan_latent_figure *items;
  size_t n;
  const char *group;
};

static struct clgan_latent_figure *add(struct list *l, const char *name) {
  struct clgan_latent_figure *f = &l->items[l->n++];
  *f = (struct clgan_latent_figure){.group = l->group};
  snprintf(f->name, sizeof f->name, "%s", name);
  return f;
}

#define SAY(field, ...) snprintf(field, sizeof(field), __VA_ARGS__)

static double percent(double share) {
  return 100 * share;
}

double clgan_latent_reach(const struct clgan_model *m) {
  return m->latent_kind == CLGAN_LATENT_UNIFORM ? 1 : 2;
}

double clgan_latent_directions(const struct clgan_latent *l) {
  double sum = 0, squares = 0;
  for (size_t j = 0; j < l->spread.dims; j++) {
    sum += l->explained[j];
    squares += l->explained[j] * l->explained[j];
  }
  return squares > 0 ? sum * sum / squares : 0;
}

static void spread_figures(const struct clgan_latent *l, struct list *list) {
  const struct clgan_spread *s = &l->spread;
  enum clgan_latent_kind kind = l->m->latent_kind;
  const struct clgan_moments prior = clgan_prior_moments(kind), *p = &s->pooled;
  list->group = kind == CLGAN_LATENT_UNIFORM ? "Codes of the images against their prior, uniform from -1 to 1"
                                             : "Codes of the images against their prior, normal";
  struct clgan_latent_figure *f = add(list, "mean and standard deviation");
  SAY(f->value, "%.3f, %.3f", p->mean, p->deviation);
  SAY(f->reference, "prior %g, %.3g", prior.mean, prior.deviation);
  SAY(f->meaning, "Of all numbers of all codes. Skewness %.3f (prior %g), excess kurtosis %.3f (prior %g).",
      p->skewness, prior.skewness, p->kurtosis, prior.kurtosis);
  f = add(list, "distance to the prior, median dimension");
  SAY(f->value, "%.4f", s->ks_median);
  SAY(f->reference, "chance %.4f", s->ks_chance);
  SAY(f->meaning,
      "Kolmogorov-Smirnov: the largest gap between the two distribution functions. Chance: as many draws from "
      "the prior itself. 1: no overlap.");
  f = add(list, "distance to the prior, worst dimension");
  SAY(f->value, "%.4f", s->ks_worst);
  SAY(f->meaning, "Dimension %zu, whose numbers have mean %.3f and standard deviation %.3f.", s->worst,
      s->moments[s->worst].mean, s->moments[s->worst].deviation);
  f = add(list, kind == CLGAN_LATENT_UNIFORM ? "numbers beyond 0.99" : "numbers beyond 3");
  SAY(f->value, "%.2f %%", percent(s->beyond_all));
  SAY(f->reference, "prior %.2f %%", percent(clgan_prior_beyond(kind)));
  SAY(f->meaning, kind == CLGAN_LATENT_UNIFORM
                      ? "Saturation: far more than the prior's share means that E pushes numbers against the ends."
                      : "Outliers: far more than the prior's share means codes that G has hardly been shown.");
  f = add(list, "correlation of dimensions, mean |r|");
  SAY(f->value, "%.3f", s->correlation_mean);
  SAY(f->reference, "chance %.3f", s->correlation_chance);
  SAY(f->meaning, "Over all pairs. At chance every dimension says something of its own.");
  f = add(list, "correlation of dimensions, largest |r|");
  SAY(f->value, "%.3f", s->correlation_largest);
  SAY(f->meaning, "Dimensions %zu and %zu.", s->pair[0], s->pair[1]);
  f = add(list, "directions in use");
  SAY(f->value, "%.1f", clgan_latent_directions(l));
  SAY(f->reference, "prior %zu", s->dims);
  SAY(f->meaning,
      "Principal axes, counted by their share of the variance; equal shares give the code's width. The first two "
      "hold %.1f %%.",
      percent(l->explained[0] + (s->dims > 1 ? l->explained[1] : 0)));
}

static void class_figures(const struct clgan_latent_view *v, struct list *list) {
  const struct clgan_told *t = &v->told;
  char name[64];
  snprintf(name, sizeof name, "%s by a linear probe", v->name);
  struct clgan_latent_figure *f = add(list, name);
  SAY(f->value, "%.1f %%", percent(t->accuracy));
  SAY(f->reference, "chance %.1f %%", percent(t->shuffled));
  SAY(f->meaning,
      "95 %% interval %.1f to %.1f, on %zu codes it was not fitted to. Chance: labels permuted; the most "
      "frequent of %zu gives %.1f %%. At chance z holds nothing of it that a linear rule can read.",
      percent(t->low), percent(t->high), t->tested, t->classes, percent(t->majority));
  snprintf(name, sizeof name, "%s of the nearest code", v->name);
  f = add(list, name);
  SAY(f->value, "%.1f %%", percent(t->neighbour));
  SAY(f->reference, "majority %.1f %%", percent(t->majority));
  SAY(f->meaning, "How often the nearest of %zu codes has the same label: what z holds of it in any form.", t->fitted);
  snprintf(name, sizeof name, "%s by clusters, purity", v->name);
  f = add(list, name);
  SAY(f->value, "%.1f %%", percent(t->purity));
  SAY(f->reference, "chance %.1f %%", percent(t->purity_chance));
  SAY(f->meaning,
      "k-means with %zu clusters, made without labels: share of codes whose label is the most frequent of their "
      "cluster. Chance: labels permuted.",
      t->classes);
  snprintf(name, sizeof name, "%s by clusters, mutual information", v->name);
  f = add(list, name);
  SAY(f->value, "%.3f", t->nmi);
  SAY(f->reference, "chance %.3f", t->nmi_chance);
  SAY(f->meaning,
      "Normalised: 0 where clusters and labels have nothing to do with each other, 1 where they are the same.");
}

static void told_figures(const struct clgan_latent *l, struct list *list) {
  struct clgan_latent_figure *f;
  list->group = "What codes of the images tell of their labels";
  for (size_t v = 0; v < l->n_views; v++) class_figures(&l->views[v], list);
  if (l->age) {
    const struct clgan_told_number *t = &l->age_told;
    f = add(list, "age by a linear probe, error");
    SAY(f->value, "%.1f years", t->error);
    SAY(f->reference, "chance %.1f years", t->error_mean);
    SAY(f->meaning,
        "Mean absolute error of ridge regression on %zu codes it was not fitted to, chance: naming their "
        "mean every time.",
        t->tested);
    f = add(list, "age by a linear probe, R^2");
    SAY(f->value, "%.3f", t->r2);
    SAY(f->reference, "chance %.3f", t->r2_shuffled);
    SAY(f->meaning, "Share of the ages' variance that the probe explains; 0: z holds nothing of it that it can read.");
  }
  if (!isnan(l->own_class)) {
    f = add(list, "class by E itself");
    SAY(f->value, "%.1f %%", percent(l->own_class));
    SAY(f->meaning, "E's estimate of the condition, its output beside z: what z need not hold.");
  }
  if (!isnan(l->own_age_error)) {
    f = add(list, "age by E itself, error");
    SAY(f->value, "%.1f years", l->own_age_error);
    SAY(f->meaning, "E's estimate of the condition, its output beside z: what z need not hold.");
  }
  if (!isnan(l->own_gender)) {
    f = add(list, "gender by E itself");
    SAY(f->value, "%.1f %%", percent(l->own_gender));
    SAY(f->meaning, "The same for the gender.");
  }
}

/* Dimensions, most influential first, that make up half of the influence. */
static size_t for_half(const struct clgan_latent *l) {
  double sum = 0, at = 0;
  size_t k = 0;
  for (size_t j = 0; j < l->spread.dims; j++) sum += l->influence[j];
  while (k < l->spread.dims && at < sum / 2) at += l->influence[l->order[k++]];
  return k;
}

static void shares_figures(const struct clgan_latent *l, struct list *list) {
  const struct clgan_shares *s = &l->shares;
  struct clgan_latent_figure *f;
  list->group = "What moves the pixels of generated images";
  if (l->m->condition != CLGAN_CONDITION_NONE) {
    f = add(list, "variance by the code alone");
    SAY(f->value, "%.1f %%", percent(s->first_z));
    SAY(f->meaning,
        "Share of the pixels' variance that z explains averaged over conditions (first-order Sobol index); %zu codes "
        "under %zu conditions each.",
        s->codes, s->conditions);
    f = add(list, "variance by the condition alone");
    SAY(f->value, "%.1f %%", percent(s->first_c));
    SAY(f->meaning, "Share that c explains averaged over codes.");
    f = add(list, "variance by both together");
    SAY(f->value, "%.1f %%", percent(s->both));
    SAY(f->meaning, "What remains: the same z means different changes under different conditions.");
    f = add(list, "variance left at a fixed condition");
    SAY(f->value, "%.1f %%", percent(s->total_z));
    SAY(f->meaning,
        "Total Sobol index of z: how much images of one condition differ. 0: the condition alone makes the image.");
    f = add(list, "variance left at a fixed code");
    SAY(f->value, "%.1f %%", percent(s->total_c));
    SAY(f->meaning, "Total Sobol index of c: how much one code's images differ. 0: the condition is ignored.");
  }
  f = add(list, "dimensions that make half of it");
  SAY(f->value, "%zu", for_half(l));
  SAY(f->reference, "of %zu", l->spread.dims);
  SAY(f->meaning,
      "Dimensions by the pixel variance they cause; the first is %zu with %.1f %%, the last %zu with %.2f %% (total "
      "Sobol indices).",
      l->order[0], percent(l->influence[l->order[0]]), l->order[l->spread.dims - 1],
      percent(l->influence[l->order[l->spread.dims - 1]]));
}

static void trip_figures(const struct clgan_latent *l, struct list *list) {
  const struct clgan_round_trip *t = &l->trip;
  const size_t dims = l->spread.dims;
  double mean = 0, error = 0, r = 0, wide = 0;
  size_t worst = 0, best = 0;
  for (size_t j = 0; j < dims; j++) {
    mean += t->returned[j] / (double)dims;
    error += t->error[j] / (double)dims;
    r += t->correlation[j] / (double)dims;
    wide += t->deviation[j] / (double)dims;
    if (t->returned[j] < t->returned[worst]) worst = j;
    if (t->returned[j] > t->returned[best]) best = j;
  }
  list->group = "Round trip of drawn codes: z, x = G(z, c), z' = E(x)";
  struct clgan_latent_figure *f = add(list, "share of z that comes back");
  SAY(f->value, "%.1f %%", percent(mean));
  SAY(f->meaning,
      "1 - mean (z - z')^2 / variance of z, mean over dimensions; best %zu with %.1f %%, worst %zu with %.1f %%. Below "
      "0: "
      "z' is further off than the prior's mean.",
      best, percent(t->returned[best]), worst, percent(t->returned[worst]));
  f = add(list, "correlation of z and z'");
  SAY(f->value, "%.3f", r);
  SAY(f->reference, "chance 0");
  SAY(f->meaning,
      "Mean over dimensions: how surely a larger number comes back larger, whatever its scale. The mean standard "
      "deviation of z' is %.3f, of the prior %.3f.",
      wide, clgan_prior_moments(l->m->latent_kind).deviation);
  f = add(list, "mean |z - z'|");
  SAY(f->value, "%.3f", error);
  SAY(f->reference, "chance %.3f", l->m->latent_kind == CLGAN_LATENT_UNIFORM ? 2 / 3.0 : 1.1284);
  SAY(f->meaning, "Over %zu codes. Chance: two codes drawn apart.", t->codes);
  if (!isnan(t->class_kept)) {
    f = add(list, "class that comes back");
    SAY(f->value, "%.1f %%", percent(t->class_kept));
    SAY(f->reference, "chance %.1f %%", percent(1.0 / l->m->classes));
    SAY(f->meaning, "How often E names the class that the image was drawn for.");
  }
  if (!isnan(t->age_error)) {
    f = add(list, "age that comes back, error");
    SAY(f->value, "%.1f years", t->age_error);
    SAY(f->meaning, "Mean distance of E's age from the age that the image was drawn for.");
  }
  if (!isnan(t->gender_kept)) {
    f = add(list, "gender that comes back");
    SAY(f->value, "%.1f %%", percent(t->gender_kept));
    SAY(f->reference, "chance 50 %%");
    SAY(f->meaning, "How often E names the gender that the image was drawn for.");
  }
}

size_t clgan_latent_figures(const struct clgan_latent *l, struct clgan_latent_figure *out) {
  struct list list = {.items = out};
  spread_figures(l, &list);
  told_figures(l, &list);
  shares_figures(l, &list);
  trip_figures(l, &list);
  return list.n;
}

/* Words of @p text in lines of at most @p width, each behind @p indent spaces. */
static void print_wrapped(const char *text, int indent, int width) {
  int at = 0;
  while (*text) {
    int n = (int)strcspn(text, " ");
    if (at && at + 1 + n > width) at = 0, putchar('\n');
    printf("%*s%.*s", at ? 1 : indent, "", n, text);
    at += (at ? 1 : indent) + n;
    text += n;
    text += *text == ' ';
  }
  putchar('\n');
}

void clgan_latent_print(const struct clgan_latent *l) {
  struct clgan_latent_figure f[CLGAN_LATENT_FIGURES];
  size_t n = clgan_latent_figures(l, f);
  printf("What the code holds: model %s, %zu images (%s) of %s\n", l->m->name, l->n, l->split, l->data);
  for (size_t k = 0; k < n; k++) {
    if (!k || f[k].group != f[k - 1].group) printf("\n%s\n\n", f[k].group);
    printf("  %-46s %14s   %s\n", f[k].name, f[k].value, f[k].reference);
    print_wrapped(f[k].meaning, 6, 100);
  }
  fflush(stdout);
}
