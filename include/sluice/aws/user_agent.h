/* user_agent: how sluice names itself to AWS, in the form that AWS's SDKs use:
 * "sluice/0.1.0 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/c#17 m/E app/billing".
 *
 * Facts: AWS SDKs and Tools Reference Guide, "Application ID"; the SDKs' own texts.
 * ua/2.1: the form's version; m/E: retries are in standard mode; exec-env/…:
 * AWS_EXECUTION_ENV; app/…: AWS_SDK_UA_APP_ID or the profile's sdk_ua_app_id, of
 * which 50 characters count.
 */
#ifndef SLUICE_AWS_USER_AGENT_H
#define SLUICE_AWS_USER_AGENT_H

#include "sluice/aws/config.h"

/* Appends it. config NULL: nothing is configured. What a token of HTTP cannot hold
 * becomes '-'. */
void aws_user_agent(const struct aws_config *config, struct buf *out);

#endif
