/* no_leaks.h: for a test that compiles many kernels: what drivers leave of them makes LeakSanitizer crash, or report leaks
 * of unloaded modules. The other tests look for leaks. */
#ifndef CLGAN_TESTS_NO_LEAKS_H
#define CLGAN_TESTS_NO_LEAKS_H
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "detect_leaks=0";
}
#endif
