/* model_commands: the commands of the group `sluice model`, one file each. Known to src/app only.
 */
#ifndef SLUICE_APP_MODEL_COMMANDS_H
#define SLUICE_APP_MODEL_COMMANDS_H

#include "sluice/app/command.h"

extern const struct command model_validate_command;
extern const struct command model_diff_command;
extern const struct command model_apply_command;
extern const struct command model_load_command;
extern const struct command model_cost_command;
extern const struct command model_derive_command;
extern const struct command model_resources_command;
extern const struct command model_show_command;

#endif
