/** @file builtin_faces.h  Faces drawn by the program itself, whose true age and gender are known: to see within minutes
 * whether a model learns to follow them. */
#ifndef CLGAN_DATA_BUILTIN_FACES_H
#define CLGAN_DATA_BUILTIN_FACES_H
#include <stdint.h>

enum {
  CLGAN_FACES_TRAIN = 10000,
  CLGAN_FACES_TEST = 2000,
  CLGAN_FACES_SIDE = 64, /**< where nobody asks for another */
  CLGAN_FACES_SIDE_MIN = 16,
  CLGAN_FACES_SIDE_MAX = 512,
  CLGAN_FACES_AGE_MAX = 80,
  CLGAN_FACES_KINDS = 2 * (CLGAN_FACES_AGE_MAX + 1) /**< whole years x gender */
};

/** Age (years, 0..80) and gender (0 male, 1 female) of face number @p item: any CLGAN_FACES_KINDS that follow each
 * other hold every age of either gender once. */
void clgan_builtin_face_label(uint32_t item, int *age, int *gender);

/** Draws person number @p item at an age and gender: everything else (pose, skin, hair, light, glasses, expression,
 * background) depends on the item alone, so that one person can be seen at all ages and as either gender. Numbers come
 * from the Philox stream CLGAN_STREAM_BUILTIN, and everything is computed in integers but for square roots, which
 * machines round alike: the same on every machine.
 * @param height,width sides of CLGAN_FACES_SIDE_MIN to _MAX; the face is scaled by the smaller one and centred.
 * @param channels 3 (red, green, blue) or 1 (grey). @param pixels [height,width,channels] */
void clgan_builtin_face(uint32_t item, int age, int gender, int height, int width, int channels, unsigned char *pixels);
#endif
