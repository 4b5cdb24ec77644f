#include "sluice/model/schema.h"

/* The file as it is; make runs where its path begins. */
__asm__(".section .rodata\n"
	".global model_schema_begin\n"
	".global model_schema_end\n"
	"model_schema_begin:\n"
	".incbin \"src/model/schema.json\"\n"
	"model_schema_end:\n"
	".byte 0\n"
	".previous\n");

extern const char model_schema_begin[], model_schema_end[];

struct str model_schema(void)
{
	return str_of(model_schema_begin, (size_t)(model_schema_end - model_schema_begin));
}
