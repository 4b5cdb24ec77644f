/* fake_process: a process_env of a test's own: variables and files from tables,
 * or files below a folder.
 */
#ifndef SLUICE_SUPPORT_FAKE_PROCESS_H
#define SLUICE_SUPPORT_FAKE_PROCESS_H

#include "sluice/aws/credentials.h"

enum { FAKE_PROCESS_ENTRIES = 16 };

struct fake_process {
	struct process_env env;
	struct fake_entry { const char *name, *value; } vars[FAKE_PROCESS_ENTRIES], files[FAKE_PROCESS_ENTRIES];
	const char *root;              /* not NULL: files stand in ../shared/vectors/<root> */
	const char *unreadable;        /* this path answers "file.open" */
	unsigned reads;
	bool read_only;                /* writing fails */
	char written_path[256], written[4096];  /* the file that was written last; what is read there from then on */
};

/* Everything is borrowed. */
void fake_process_init(struct fake_process *p);
void fake_process_set(struct fake_process *p, const char *name, const char *value);
void fake_process_add_file(struct fake_process *p, const char *path, const char *text);

#endif
