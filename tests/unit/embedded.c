/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One build of the embeddable machine, its functions by other names, so that several builds fit
 * into one test. BUILD is its name; VM_CORE and the options are as for any build.
 */
#define NAME_2(build, name) build##_##name
#define NAME_1(build, name) NAME_2(build, name)
#define NAME(name) NAME_1(BUILD, name)
#define TEXT_1(name) #name
#define TEXT(name) TEXT_1(name)

#include "embedded.h"

#define bpfvm_init NAME(init)
#define bpfvm_init_image NAME(init_image)
#define bpfvm_image_check NAME(image_check)
#define bpfvm_image_memory NAME(image_memory)
#define bpfvm_add_region NAME(add_region)
#define bpfvm_remove_region NAME(remove_region)
#define bpfvm_execute_ctx NAME(execute_ctx)
#define bpfvm_start NAME(start)
#define bpfvm_resume NAME(resume)
#define bpfvm_kv_set NAME(kv_set)
#define bpfvm_kv_get NAME(kv_get)
#define bpfvm_check NAME(check)
#define bpfvm_trap_name NAME(trap_name)
#define bpfvm_trap_text NAME(trap_text)
#define bpfvm_setup_text NAME(setup_text)
/* A function, and the structure that it fills in. */
#define bpfvm_where(vm, where_) NAME(where)(vm, where_)

_Bool bpfvm_kv_set(struct bpfvm_kv *kv, u64 key, u64 value);
_Bool bpfvm_kv_get(const struct bpfvm_kv *kv, u64 key, u64 *value);
enum bpfvm_setup bpfvm_init(struct bpfvm *vm, const struct bpfvm_config *config, vm_code_t code,
			    u32 count, void *stack, u32 stack_size);
u32 bpfvm_check(const struct bpfvm *vm, void *work, u32 *pc);

/* Last the one that leaves words behind. */
#include "../../mcu/embed_check.c"
#include "../../mcu/embed.c"

/* That of embed.h calls a function that has another name here. */
static u32 execute(struct bpfvm *vm, u64 *result)
{
	return bpfvm_execute_ctx(vm, (void *)0, 0, result);
}

const struct embedded NAME_1(embedded, BUILD) = {
	.name = TEXT(BUILD),
	.whole = VM_ATOMICS && VM_V4 && VM_JMP32 && VM_DIV64 && VM_LOCAL_CALLS && VM_CALLX && VM_KV,
	.init = bpfvm_init,
	.init_image = bpfvm_init_image,
	.image_check = bpfvm_image_check,
	.image_memory = bpfvm_image_memory,
	.add_region = bpfvm_add_region,
	.remove_region = bpfvm_remove_region,
	.execute = execute,
	.execute_ctx = bpfvm_execute_ctx,
	.start = bpfvm_start,
	.resume = bpfvm_resume,
	.where = NAME(where),
	.kv_set = bpfvm_kv_set,
	.kv_get = bpfvm_kv_get,
	.check = bpfvm_check,
	.trap_name = bpfvm_trap_name,
	.setup_text = bpfvm_setup_text,
};
