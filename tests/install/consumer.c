/* consumer.c: a user's program, built against the installed library alone. */
#include <clgan.h>
#include <stdio.h>

int main(void) {
  puts(clgan_version());
  return clgan_status_name(CLGAN_OK)[0] ? 0 : 1;
}
