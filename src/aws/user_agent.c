#include "sluice/aws/user_agent.h"

#include "sluice/aws/credentials.h"

#include <sys/utsname.h>

enum { MOST_PART_BYTES = 50 };

/* RFC 9110's token characters without '#', which divides name and value, and ','. */
static bool stands_for_itself(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!$%&'*+-.^_`|~,", c));
}

static void put_part(struct buf *out, const char *name, struct str value)
{
	value = str_sub(str_trim(value), 0, MOST_PART_BYTES);
	if (!value.len)
		return;
	buf_putf(out, " %s", name);
	for (size_t i = 0; i < value.len; i++)
		buf_putc(out, stands_for_itself(value.ptr[i]) ? value.ptr[i] : '-');
}

void aws_user_agent(const struct aws_config *config, struct buf *out)
{
	struct utsname machine;
	bool known = uname(&machine) == 0;

	buf_puts(out, "sluice/" SLUICE_VERSION " ua/2.1");
	put_part(out, "os/linux#", known ? str_c(machine.release) : STR("unknown"));
	put_part(out, "md/arch#", known ? str_c(machine.machine) : STR("unknown"));
	buf_puts(out, " lang/c#17");
	if (config && config->env)
		put_part(out, "exec-env/", process_env_value(config->env, "AWS_EXECUTION_ENV"));
	buf_puts(out, " m/E");
	if (config)
		put_part(out, "app/", config->app_id);
}
