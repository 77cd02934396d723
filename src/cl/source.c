/* Kernel text: where it comes from, and #include resolved in the text itself. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/embedded.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cl/cl_private.h"

#define DEPTH_MAX 16

struct expansion {
  struct clgan_text text;
  const char *stack[DEPTH_MAX]; /**< files being included */
  int depth;
};

static enum clgan_status read_text(const char *file, char **text, struct clgan_error *e) {
  *text = NULL;
  const char *folder = getenv("CLGAN_KERNEL_DIR");
  if (folder != NULL && folder[0] != '\0') {
    size_t size = 0;
    char *path = clgan_file_join(folder, file);
    enum clgan_status s = clgan_file_read(path, text, &size, e);
    clgan_mem_free(path);
    return s == CLGAN_OK ? s : clgan_error_prefix(e, "CLGAN_KERNEL_DIR");
  }
  char *name = clgan_mem_printf("kernels/%s", file);
  const struct clgan_embedded *found = clgan_embedded_find(name);
  if (found != NULL) *text = clgan_mem_strdup(found->data);
  clgan_mem_free(name);
  return found != NULL ? CLGAN_OK
                       : clgan_error_set(e, CLGAN_ERR_INTERNAL, "kernels/%s is not built into this program", file);
}

/* Follows block comments over one line, so that an #include inside one is left alone. */
static bool comment_after(const char *line, size_t n, bool inside) {
  char quote = '\0';
  for (size_t i = 0; i < n; i++) {
    bool two = i + 1 < n;
    if (inside) {
      if (two && line[i] == '*' && line[i + 1] == '/') {
        inside = false;
        i++;
      }
    } else if (quote != '\0') {
      if (line[i] == '\\')
        i++;
      else if (line[i] == quote)
        quote = '\0';
    } else if (two && line[i] == '/' && line[i + 1] == '/') {
      return false;
    } else if (two && line[i] == '/' && line[i + 1] == '*') {
      inside = true;
      i++;
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
    }
  }
  return inside;
}

/* The name in `#include "name"`, the caller's; NULL for any other line. */
static char *included_name(const char *line, size_t n) {
  size_t i = 0;
  while (i < n && (line[i] == ' ' || line[i] == '\t')) i++;
  if (i >= n || line[i++] != '#') return NULL;
  while (i < n && (line[i] == ' ' || line[i] == '\t')) i++;
  if (n - i < 7 || strncmp(line + i, "include", 7) != 0) return NULL;
  i += 7;
  while (i < n && (line[i] == ' ' || line[i] == '\t')) i++;
  if (i >= n || line[i] != '"') return NULL;
  size_t start = ++i;
  while (i < n && line[i] != '"') i++;
  if (i >= n) return NULL;
  char *name = clgan_mem_alloc(i - start + 1);
  memcpy(name, line + start, i - start);
  return name;
}

static enum clgan_status expand(struct expansion *x, const char *file, struct clgan_error *e);

/* Guards instead of leaving out a second inclusion: the first may stand in an #if that is not taken. */
static enum clgan_status include(struct expansion *x, const char *from, unsigned line, const char *name,
                                 struct clgan_error *e) {
  for (int i = 0; i < x->depth; i++)
    if (strcmp(x->stack[i], name) == 0)
      return clgan_error_set(e, CLGAN_ERR_BUILD, "kernels/%s:%u: %s includes itself", from, line, name);
  if (x->depth == DEPTH_MAX)
    return clgan_error_set(e, CLGAN_ERR_BUILD, "kernels/%s:%u: includes are nested more than %d deep", from, line,
                           DEPTH_MAX);
  char *guard = clgan_mem_printf("CLGAN_ONCE_%s", name);
  for (char *s = guard; *s != '\0'; s++)
    if (!isalnum((unsigned char)*s)) *s = '_';
  clgan_text_printf(&x->text, "#ifndef %s\n#define %s\n", guard, guard);
  enum clgan_status s = expand(x, name, e);
  if (s != CLGAN_OK) (void)clgan_error_prefix(e, "kernels/%s:%u", from, line);
  clgan_text_printf(&x->text, "#endif\n#line %u \"%s\"\n", line + 1, from);
  clgan_mem_free(guard);
  return s;
}

static enum clgan_status expand(struct expansion *x, const char *file, struct clgan_error *e) {
  char *text = NULL;
  CLGAN_TRY(read_text(file, &text, e));
  x->stack[x->depth++] = file;
  clgan_text_printf(&x->text, "#line 1 \"%s\"\n", file);
  enum clgan_status s = CLGAN_OK;
  bool comment = false;
  unsigned number = 1;
  for (const char *line = text; *line != '\0' && s == CLGAN_OK; number++) {
    size_t n = strcspn(line, "\n");
    char *name = comment ? NULL : included_name(line, n);
    if (name != NULL) {
      s = include(x, file, number, name, e);
      clgan_mem_free(name);
    } else {
      clgan_text_append(&x->text, line, n);
      clgan_text_append(&x->text, "\n", 1);
      comment = comment_after(line, n, comment);
    }
    line += n + (line[n] == '\n' ? 1 : 0);
  }
  x->depth--;
  clgan_mem_free(text);
  return s;
}

enum clgan_status clgan_source_load(const char *file, char **text, struct clgan_error *e) {
  struct expansion x = {{NULL, 0, 0}, {NULL}, 0};
  *text = NULL;
  enum clgan_status s = expand(&x, file, e);
  if (s == CLGAN_OK)
    *text = x.text.s;
  else
    clgan_text_free(&x.text);
  return s;
}

enum clgan_status clgan_program_source_hash(const char *const *files, char hex[65], struct clgan_error *e) {
  struct clgan_sha256 h;
  clgan_sha256_init(&h);
  for (; *files != NULL; files++) {
    char *text = NULL;
    CLGAN_TRY(clgan_source_load(*files, &text, e));
    clgan_sha256_string(&h, text);
    clgan_mem_free(text);
  }
  clgan_sha256_final_hex(&h, hex);
  return CLGAN_OK;
}

/* Where line @p target of the expanded text comes from: "FILE:LINE", the caller's; NULL past its end. */
static char *place_of(const char *text, unsigned long target) {
  char file[256] = "input.cl";
  unsigned long line = 1;
  for (unsigned long physical = 1; *text != '\0'; physical++) {
    unsigned number = 0;
    if (physical == target) return clgan_mem_printf("%s:%lu", file, line);
    line++;
    if (strncmp(text, "#line ", 6) == 0 && sscanf(text, "#line %u \"%255[^\"\n]\"", &number, file) == 2) line = number;
    text += strcspn(text, "\n");
    if (*text == '\n') text++;
  }
  return NULL;
}

char *clgan_source_translate(const char *text, const char *log) {
  static const char mark[] = "input.cl:";
  struct clgan_text out = {NULL, 0, 0};
  clgan_text_append(&out, "", 0);
  for (const char *s = log; *s != '\0';) {
    const char *found = strstr(s, mark);
    if (found == NULL) found = s + strlen(s);
    clgan_text_append(&out, s, (size_t)(found - s));
    if (*found == '\0') break;
    char *end = NULL;
    unsigned long n = strtoul(found + sizeof mark - 1, &end, 10);
    char *place = place_of(text, n);
    if (place != NULL)
      clgan_text_printf(&out, "%s", place);
    else
      clgan_text_append(&out, found, (size_t)(end - found));
    clgan_mem_free(place);
    s = end;
  }
  return out.s;
}
