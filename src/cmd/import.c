/* import.c: `clgan import`. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "data/import.h"

#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/session.h"

struct options {
  const char *size;
  uint64_t channels;
  struct clgan_import_options import;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int number) {
  (void)number;
  stop_asked = 1;
}

/* "64" or "HxW". */
static enum clgan_status parse_size(struct options *o, struct clgan_error *e) {
  char text[32] = "";
  uint64_t side[2];
  if (strlen(o->size) < sizeof text) memcpy(text, o->size, strlen(o->size));
  char *cross = strchr(text, 'x');
  if (cross) *cross++ = '\0';
  bool good = clgan_args_whole(text, &side[0]) && clgan_args_whole(cross ? cross : text, &side[1]);
  for (int i = 0; good && i < 2; i++) good = side[i] >= 1 && side[i] <= CLGAN_IMPORT_SIDE_MAX;
  if (!good)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--size %.40s: must be a side, as in 64, or HxW, as in 64x48, up to %d",
                           o->size, CLGAN_IMPORT_SIDE_MAX);
  o->import.height = (uint32_t)side[0], o->import.width = (uint32_t)side[1];
  return CLGAN_OK;
}

static enum clgan_status check(struct options *o, const struct clgan_args *args, struct clgan_error *e) {
  if (!o->import.format) {
    char *formats = clgan_import_formats();
    (void)clgan_error_set(e, CLGAN_ERR_USAGE, "--format F is missing: %s", formats);
    clgan_mem_free(formats);
    return CLGAN_ERR_USAGE;
  }
  if (args->n_operands != 1)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: see `clgan import --help`",
                           args->n_operands ? "one SRC only" : "SRC is missing: a folder, or a CSV file");
  if (!o->import.out || !clgan_path_ends(o->import.out, ".safetensors"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "-o OUT: must be given, a name ending in .safetensors");
  if (o->channels == 2) return clgan_error_set(e, CLGAN_ERR_USAGE, "--channels 2: must be 1 (grey) or 3 (colour)");
  o->import.source = args->operands[0];
  o->import.channels = (uint32_t)o->channels;
  o->import.stop = &stop_asked;
  return o->size ? parse_size(o, e) : CLGAN_OK;
}

/* Until the set is whole, SIGINT and SIGTERM only ask for an end: the temporary file is to go. */
static enum clgan_status import(const struct options *o, struct clgan_error *e) {
  struct sigaction now = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN}, old_int, old_term, old_pipe;
  stop_asked = 0;
  sigaction(SIGINT, &now, &old_int);
  sigaction(SIGTERM, &now, &old_term);
  sigaction(SIGPIPE, &ignore, &old_pipe); /* nobody reads the messages: no reason to stop half-way */
  enum clgan_status status = clgan_import_run(&o->import, e);
  sigaction(SIGINT, &old_int, NULL);
  sigaction(SIGTERM, &old_term, NULL);
  sigaction(SIGPIPE, &old_pipe, NULL);
  return status;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("format", 'f', &o->import.format, "F",
                 "mnist (folder of IDX files), csv (table of image files), ffhq, utkface (folders of faces)"),
      CLGAN_WORD("labels", 0, &o->import.labels, "DIR", "ffhq: the folder of the label files (default: FOLDER)"),
      CLGAN_WORD("size", 0, &o->size, "S", "64 or HxW: images are cropped and scaled to it (default: image files 64)"),
      CLGAN_WHOLE("channels", 0, &o->channels, NULL, 1, 3, "1 grey, 3 colour (default: mnist 1, image files 3)"),
      CLGAN_REAL("test-fraction", &o->import.test_fraction, 0, 0.9,
                 "share kept for testing (default: image files 0.1)"),
      CLGAN_WORD("out", 'o', &o->import.out, "OUT", "the packed set, a name ending in .safetensors"),
  };
  const struct clgan_usage usage = {
      .name = "import",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis =
          "--format mnist|utkface FOLDER [OPTION]... -o OUT.safetensors\n"
          "--format ffhq IMAGES [--labels DIR] [OPTION]... -o OUT.safetensors\n"
          "--format csv TABLE.csv [OPTION]... -o OUT.safetensors",
      .about =
          "Packs images and their labels into one file, which `--data` of the other subcommands takes. A table's first "
          "line\n"
          "names its columns: `file` (a PNG or JPEG; paths start at the table's folder) and `class` (any text or "
          "number),\n"
          "or `file`, `age` (years) and `gender` (male or female). UTKFace's files are named by age and gender (0 "
          "male, "
          "1\n"
          "female): 26_1_3_20170104.jpg. FFHQ's have a JSON file of the same name each. Which images are for testing "
          "follows\n"
          "from their content; byte-identical files are taken once, or not at all where their labels differ. An import "
          "that\n"
          "was interrupted goes on when it is started again.",
      .examples =
          "  clgan import --format mnist mnist -o mnist.safetensors\n"
          "  clgan import --format csv pets/labels.csv --size 32 -o pets.safetensors\n"
          "  clgan import --format csv scans.csv --size 28 --channels 1 --test-fraction 0.2 -o scans.safetensors\n"
          "  clgan import --format utkface UTKFace --size 64 -o faces.safetensors\n"
          "  clgan import --format ffhq images1024x1024 --labels json -o ffhq.safetensors\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_import(int argc, char **argv) {
  struct options o = {.import = {.test_fraction = -1}};
  struct clgan_args args = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = check(&o, &args, &e);
    if (status == CLGAN_OK) status = import(&o, &e);
  }
  clgan_args_free(&args);
  return clgan_command_finish("import", status, &e);
}
