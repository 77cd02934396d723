/* describe.c: `clgan --describe`, from which shell completion and man page are made. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/command.h"
#include "model/model.h"

static void print_words(const char *kind, char *list) {
  for (char *word = list; word;) {
    char *comma = strstr(word, ", ");
    if (comma) *comma = '\0';
    printf("%s\t%s\n", kind, word);
    word = comma ? comma + 2 : NULL;
  }
}

int clgan_command_describe(void) {
  char describe[] = "--describe", *names = clgan_model_names();
  const char *key, *allowed;
  printf("version\t%s\n", clgan_version());
  for (const struct clgan_command *c = clgan_commands; c->name; c++) {
    char *word = clgan_mem_strdup(c->name), *ask[] = {word, describe, NULL};
    printf("subcommand\t%s\t%s\n", c->name, c->summary);
    int status = c->run(2, ask);
    clgan_mem_free(word);
    if (status != CLGAN_EXIT_DONE) return status;
  }
  print_words("model", names);
  clgan_mem_free(names);
  for (size_t k = 0; (key = clgan_setting_key(k, &allowed)) != NULL; k++) printf("setting\t%s\t%s\n", key, allowed);
  return CLGAN_EXIT_DONE;
}
