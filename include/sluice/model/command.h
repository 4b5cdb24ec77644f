/* command: an access pattern's `implementation`, one `aws dynamodb <operation> --options…`
 * line, turned into an API call. Nothing is run and no shell is asked: what only a shell
 * could do is refused and named.
 *
 * Words: as a POSIX shell splits a simple command (XCU 2.2, 2.3): quotes, backslashes,
 * backslash-newline. Refused: pipes, redirections, ; & ( ), $NAME $( ) ${ } $'…' $"…",
 * backquotes, globs, ~ and {a,b} outside of quotes, comments, assignments, a second line.
 *
 * Options are those of the AWS CLI, version 2, from the operation table (operations.h):
 * --name value, --name=value, --flag and --no-flag; no abbreviations. Stricter than it:
 * an option given twice is refused (the CLI takes the last one), also a name twice in JSON
 * or in shorthand { }; numbers are decimal digits without '_'. A value that names a file or
 * an address (file:// fileb:// http:// https://) is refused: the text itself must stand here.
 * Options that are not the operation's:
 *   kept for the caller   --region --endpoint-url --profile --output --query --max-items
 *   applied               --cli-input-json (fills in what no option gives), --page-size (is Limit, as
 *                         the CLI sends it), --cli-binary-format, --no-paginate
 *   without effect here   --no-cli-pager --color --debug --no-verify-ssl --ca-bundle
 *                         --no-sign-request --cli-read-timeout --cli-connect-timeout --no-cli-auto-prompt
 *   refused               --starting-token (a token of an earlier run), --cli-input-yaml,
 *                         --generate-cli-skeleton, --cli-auto-prompt, --version, help
 * As with the CLI, --max-items and --page-size go neither with --no-paginate nor with
 * --limit or --exclusive-start-….
 *
 * Values: JSON, or the CLI's shorthand (AttributeName=id,AttributeType=S) where it has
 * it, with its grammar to the letter (awscli/shorthand.py): first and later values, [ ]
 * { }, quotes, "\,", blanks at ends, one value where a list is wanted, key@=value. Then all
 * is checked against the shapes: names, types, required members, allowed values, lengths,
 * and attribute values (one type each, numbers, base64, no empty set).
 *
 * Input may be hostile: 64 KiB, nesting and findings are capped; time is linear in the
 * input but for a sort, memory about 150 times of it at most (the arena's).
 */
#ifndef SLUICE_MODEL_COMMAND_H
#define SLUICE_MODEL_COMMAND_H

#include "sluice/core/arena.h"
#include "sluice/model/operations.h"

enum {
	COMMAND_MAX_BYTES = 64 * 1024,
	COMMAND_MAX_DEPTH = 100,      /* of [ ] and { } in a value; 32 levels of an item need 66 */
	COMMAND_FINDINGS_MAX = 32,    /* so many are kept; the others are only counted */
	COMMAND_TEXT_BYTES = 400,
	COMMAND_ARENA_BYTES = 16 << 20,  /* suffices for every command */
};

/* One mistake. Codes: "command.size" "command.utf8" "command.memory"; of words "command.quote"
 * "command.shell"; "command.program" "command.operation"; of options "command.option"
 * "command.duplicate" "command.conflict" "command.required" "command.file" "command.refused"; of values
 * "command.json" "command.shorthand" "command.depth" "command.type" "command.member" "command.enum"
 * "command.range" "command.value". */
struct command_finding {
	size_t at;          /* byte of the command at which it stands */
	const char *code;   /* static */
	char text[COMMAND_TEXT_BYTES];  /* UTF-8 without control characters: what was found, what was
	                                   expected, what to do */
};

struct command_findings {
	struct command_finding items[COMMAND_FINDINGS_MAX];
	size_t count;       /* of all, also those not kept */
};

struct aws_command {
	const struct operation *operation;
	struct str request;   /* the API call's body, compact JSON: members of objects in the service model's
	                         order, entries of maps as they were written; blobs are base64. No
	                         ClientRequestToken is made up */
	struct str region, endpoint_url, profile, output, query;  /* as given; {NULL, 0} when not */
	bool pages;           /* the CLI would ask for page after page (Query, Scan, ListTables) */
	int64_t max_items;    /* and show so many items; 0: all */
};

/* Fills *out, whose text lives in the arena. False with at least one finding (in the
 * order of the command) when it is no command that could be run; then *out says only what
 * operation it is, if that much is clear, else NULL. */
bool command_parse(struct str text, struct arena *arena, struct aws_command *out, struct command_findings *findings);

/* How many of them are kept in items. */
static inline size_t command_findings_kept(const struct command_findings *f)
{
	return f->count < COMMAND_FINDINGS_MAX ? f->count : COMMAND_FINDINGS_MAX;
}

/* The words alone, as a shell would split them, in the arena; NULL with a finding. */
struct str *command_words(struct str text, struct arena *arena, size_t *count, struct command_findings *findings);

#endif
