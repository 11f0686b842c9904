/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines that say what maps are to hold, as `loader map dump` prints them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_maps.h"

#define BLANKS " \t\r\n"
#define HINT "a line is MAP KEY VALUE, or MAP key K value V as `loader map dump` prints it"

/* A line being done. */
struct line {
	const struct cli_lines *of;
	const char *path;
	u32 number;
	char **word;
	u32 words;
};

static int fail(const struct line *l, const char *hint, const char *what, const char *why)
{
	cli_error(hint && *hint ? hint : HINT, "%s: line %u: %s%s", l->path, l->number, what, why);
	return CLI_FAILED;
}

/* The end of a word: blanks within quotation marks are part of it. */
static char *word_end(char *at)
{
	bool quoted = false;

	for (; *at && (quoted || !strchr(BLANKS, *at)); at++) {
		if (quoted && *at == '\\' && at[1])
			at++;
		else
			quoted ^= *at == '"';
	}
	return at;
}

/* Into words, up to one that begins with #; the word "key" and "value" if there are but three. */
static void split(struct line *l, char *text)
{
	static char key[] = "key", value[] = "value";

	l->word = calloc(strlen(text) / 2 + 5, sizeof(*l->word));
	if (!l->word)
		cli_no_memory();
	for (text += strspn(text, BLANKS); *text && *text != '#'; text += strspn(text, BLANKS)) {
		l->word[l->words++] = text;
		text = word_end(text);
		if (*text)
			*text++ = 0;
	}
	if (l->words == 3 && strcmp(l->word[1], key)) {
		l->word[4] = l->word[2];
		l->word[3] = value;
		l->word[2] = l->word[1];
		l->word[1] = key;
		l->words = 5;
	}
}

static int do_entry(const struct line *l, struct cli_map *m, const struct cli_words *words)
{
	struct bpfvm_error err = {0};
	const char *hint;
	char *why;
	int ret;

	if (!words->value)
		return fail(l, NULL, m->map->name, ": no value is given");
	if (cli_map_parse(m, words, &err))
		return fail(l, err.hint, err.text, "");
	ret = cli_map_put(m);
	if (!ret && l->of->also)
		ret = l->of->also(l->of->arg, m);
	if (!ret)
		return CLI_OK;
	why = cli_map_reason(m, ret, &hint);
	fail(l, hint, why, "");
	free(why);
	return CLI_FAILED;
}

static int do_words(struct line *l)
{
	s32 map = cli_map_find(l->of->image, l->word[0]);
	struct bpfvm_error err = {0};
	struct cli_words words;
	struct cli_map m;
	int code;

	if (map < 0)
		return fail(l, NULL, l->word[0], ": the guest uses no such map");
	if (cli_words_parse(l->word + 1, l->words - 1, &words, &err)) {
		code = fail(l, err.hint, err.text, "");
	} else {
		cli_map_open(&m, l->of->image, l->of->core, (u32)map);
		code = do_entry(l, &m, &words);
		cli_map_close(&m);
	}
	cli_words_free(&words);
	return code;
}

static int do_lines(const struct cli_lines *lines, FILE *file, const char *path)
{
	char *text = NULL;
	int code = CLI_OK;
	size_t room = 0;

	for (u32 number = 1; !code && getline(&text, &room, file) >= 0; number++) {
		struct line l = {.of = lines, .path = path, .number = number};

		split(&l, text);
		code = l.words ? do_words(&l) : CLI_OK;
		free(l.word);
	}
	if (!code && ferror(file)) {
		cli_error(NULL, "%s: %s", path, strerror(errno));
		code = CLI_FAILED;
	}
	free(text);
	return code;
}

int cli_lines_do(const struct cli_lines *lines, const char *path)
{
	bool input = !strcmp(path, "-");
	FILE *file = input ? stdin : fopen(path, "r");
	int code;

	if (!file) {
		cli_error(NULL, "%s: %s", path, strerror(errno));
		return CLI_FAILED;
	}
	code = do_lines(lines, file, input ? "stdin" : path);
	if (!input)
		fclose(file);
	return code;
}
