/** @file json.h  JSON read by cJSON, from any thread. */
#ifndef CLGAN_BASE_JSON_H
#define CLGAN_BASE_JSON_H
#include <cjson/cJSON.h>
#include <stddef.h>

/** cJSON_ParseWithLengthOpts: the first value in text[n]. @param end NULL, or receives where it ended (or failed). The
 * caller's (cJSON_Delete); NULL where it is none. cJSON's own functions keep the place of the last error in a variable
 * of the process, so every parse goes through here. */
cJSON *clgan_json_parse(const char *text, size_t n, const char **end);
#endif
