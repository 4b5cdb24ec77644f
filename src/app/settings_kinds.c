#include "sluice/app/settings.h"

const struct settings_kinds settings_all_kinds = { handler_kinds, sink_kinds };
