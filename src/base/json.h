/** @file json.h  JSON read by cJSON, from any thread. */
#ifndef CLGAN_BASE_JSON_H
#define CLGAN_BASE_JSON_H
#include <cjson/cJSON.h>
#include <stddef.h>

/** cJSON_ParseWithLengthOpts: the first value in text[n]. @param end NULL, or receives where it ended (or failed). The
 * caller's (cJSON_Delete); NULL where it is none. cJSON's own functions keep the place of the last error in a variable
 * of the process, so every parse goes through here. */
cJSON *clgan_json_parse(const char *text, size_t n, const char **end);
/** The text at o.key; "" where there is none. */
const char *clgan_json_string(const cJSON *o, const char *key);
/** The number at o.key; 0 where there is none, or one that is not finite. */
double clgan_json_number(const cJSON *o, const char *key);
#endif
