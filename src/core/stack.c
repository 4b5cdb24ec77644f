#include "sluice/core/stack.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void out_of_stacks(void)
{
	static const char text[] = "level=error event=memory.exhausted text=\"the system refused a task's stack; give the "
				   "machine more memory or raise vm.max_map_count (two areas a task)\"\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	abort();
}

char *stack_map(size_t guard, size_t size)
{
	char *map = mmap(NULL, guard + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED || mprotect(map + guard, size, PROT_READ | PROT_WRITE) != 0)
		out_of_stacks();
	return map;
}

void stack_unmap(char *map, size_t guard, size_t size)
{
	munmap(map, guard + size);
}
