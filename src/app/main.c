#include "sluice/app/command.h"

#include <signal.h>

int main(int argc, char **argv)
{
	signal(SIGCHLD, SIG_DFL); /* whoever starts us may ignore it; how credential_process ended would be lost */
	return commands_main(commands, argc, argv);
}
