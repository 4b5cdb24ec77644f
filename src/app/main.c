#include "sluice/app/command.h"

int main(int argc, char **argv)
{
	return commands_main(commands, argc, argv);
}
