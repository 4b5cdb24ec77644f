/* resources: a model's tables, sluice's state table and the least that sluice must be allowed, as a
 * template for CloudFormation, as a configuration for Terraform (AWS provider from 6.37 on), and
 * the policy alone as IAM takes it.
 *
 * A model is untrusted input. Names of tables and indexes must be such as DynamoDB takes; all
 * other text comes out as text: what would mean something in a template is escaped, or refused
 * where there is no escape. What is granted is named by ARN. Where an address does not tell an
 * ARN (an environment variable, a wildcard), it is a parameter, a variable, or a placeholder
 * that IAM refuses; never "*".
 */
#ifndef SLUICE_MODEL_RESOURCES_H
#define SLUICE_MODEL_RESOURCES_H

#include "sluice/core/buf.h"
#include "sluice/model/document.h"

enum resources_format { RESOURCES_CLOUDFORMATION, RESOURCES_TERRAFORM, RESOURCES_IAM, RESOURCES_FORMATS };

/* What the state table is called where settings do not say otherwise. */
#define RESOURCES_STATE_TABLE "sluice-state"

/* "cloudformation"…; RESOURCES_FORMATS: none is called so. */
enum resources_format resources_format_named(struct str name);

/* Appends the whole text, indented JSON. notes: what a person should know of it, a sentence a
 * line; may be NULL. Memory is a few hundred bytes for each table and handler. The same model
 * gives the same text. False with err DATA: "resources.name" (a name that DynamoDB would refuse),
 * "resources.text" (text that would be executed), "resources.none" (a policy for no handlers),
 * "resources.size" (a buf is full). */
bool model_resources(const struct model *m, enum resources_format format, struct buf *out, struct buf *notes,
		     struct err *err);

#endif
