/* schema: the JSON schema (draft 2020-12) of a data model's document, as text. */
#ifndef SLUICE_MODEL_SCHEMA_H
#define SLUICE_MODEL_SCHEMA_H

#include "sluice/core/str.h"

/* Static. */
struct str model_schema(void);

#endif
