#include "sluice/app/mcp_client.h"

#include "sluice/app/command.h"
#include "sluice/core/json_pretty.h"
#include "sluice/core/json_write.h"
#include "sluice/core/problem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SNIPPET_MAX = 64 * 1024, MEAN_MAX = 128 };

#define SERVERS "mcpServers"
#define SOME_FOLDER "/path/to/your/project"

const struct mcp_client mcp_clients[] = {
	{ .name = "claude-code", .title = "Claude Code", .root = SERVERS, .typed = true,
	  .file = ".mcp.json in the project" },
	{ .name = "claude-desktop", .title = "Claude Desktop", .root = SERVERS, .workspace = "",
	  .file = "claude_desktop_config.json (Settings, Developer, Edit Config)" },
	{ .name = "cursor", .title = "Cursor", .root = SERVERS, .workspace = "${workspaceFolder}",
	  .file = ".cursor/mcp.json in the project" },
	{ .name = "vscode", .title = "VS Code", .root = "servers", .workspace = "${workspaceFolder}", .typed = true,
	  .file = ".vscode/mcp.json in the project" },
	{ .name = "kiro", .title = "Kiro", .root = SERVERS, .workspace = "",
	  .file = ".kiro/settings/mcp.json in the project, or ~/.kiro/settings/mcp.json" },
	{ .name = "amazon-q", .title = "Amazon Q Developer", .root = SERVERS,
	  .file = ".amazonq/mcp.json in the project, or ~/.aws/amazonq/mcp.json" },
	{ .name = "windsurf", .title = "Windsurf", .root = SERVERS, .workspace = "",
	  .file = "~/.codeium/windsurf/mcp_config.json" },
	{ 0 },
};

const struct mcp_client *mcp_client_named(struct str name)
{
	for (const struct mcp_client *c = mcp_clients; c->name; c++)
		if (str_eq_nocase(name, str_c(c->name)))
			return c;
	return NULL;
}

static void write_args(struct json_writer *w, const struct mcp_client *client, struct str folder)
{
	json_key(w, STR("args"));
	json_begin_array(w);
	json_str(w, STR("mcp"));
	if (client->workspace) {
		json_str(w, STR("--workspace"));
		json_str(w, *client->workspace ? str_c(client->workspace) : folder);
	}
	json_end_array(w);
}

static void write_snippet(const struct mcp_client *client, struct str binary, struct str folder, struct buf *json)
{
	struct json_writer w;

	json_write_init(&w, json);
	json_begin_object(&w);
	json_key(&w, str_c(client->root));
	json_begin_object(&w);
	json_key(&w, STR("sluice"));
	json_begin_object(&w);
	if (client->typed)
		json_member_str(&w, STR("type"), STR("stdio"));
	json_member_str(&w, STR("command"), binary);
	write_args(&w, client, folder);
	json_end_object(&w);
	json_end_object(&w);
	json_end_object(&w);
}

bool mcp_client_snippet(const struct mcp_client *client, struct str binary, struct str folder, struct buf *out)
{
	struct buf json;
	bool ok;

	buf_init(&json, SNIPPET_MAX);
	write_snippet(client, binary, folder, &json);
	ok = buf_ok(&json) && json_pretty(buf_str(&json), out);
	buf_release(&json);
	return ok;
}

/* ---- on the terminal ---- */

static int unknown_client(const char *name)
{
	struct nearest near = nearest_to(str_c(name));
	char mean[MEAN_MAX];

	for (const struct mcp_client *c = mcp_clients; c->name; c++)
		nearest_offer(&near, str_c(c->name));
	fprintf(stderr, "sluice mcp: no client is called '%s'%s\nKnown:", name, nearest_text(&near, mean, sizeof(mean)));
	for (const struct mcp_client *c = mcp_clients; c->name; c++)
		fprintf(stderr, " %s", c->name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

/* This program's own path, by which the client will find it, too. */
static bool own_path(char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (len <= 0)
		return false;
	path[len] = '\0';
	return true;
}

/* Not the root or the home: a server may touch what is in its workspace. */
static struct str own_folder(char folder[PATH_MAX])
{
	const char *home = getenv("HOME");

	if (!getcwd(folder, PATH_MAX) || strcmp(folder, "/") == 0 || (home && strcmp(folder, home) == 0))
		return STR(SOME_FOLDER);
	return str_c(folder);
}

int mcp_client_print(const char *name)
{
	const struct mcp_client *client = mcp_client_named(str_c(name));
	char path[PATH_MAX], folder[PATH_MAX];
	struct buf out;
	int code = EXIT_OK;

	if (!client)
		return unknown_client(name);
	if (!own_path(path)) {
		fputs("sluice mcp: /proc/self/exe cannot be read, so this program's path is not known\n", stderr);
		return EXIT_FAILED;
	}
	buf_init(&out, SNIPPET_MAX);
	if (mcp_client_snippet(client, str_c(path), own_folder(folder), &out)) {
		fwrite(out.ptr, 1, out.len, stdout);
		fprintf(stderr, "%s: put this into %s; where the file exists already, add the entry \"sluice\" to its \"%s\".\n",
			client->title, client->file, client->root);
	} else {
		code = EXIT_FAILED;
	}
	buf_release(&out);
	return code;
}
