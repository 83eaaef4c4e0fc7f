/*
 * The last version's text, and a VM of it that has RAM and files but no CPU,
 * for programs that call its functions themselves.
 */

#define main hypervisor_main
#include "../Version_C/mini_hypervisor.c"
#undef main

/*
 * Makes the VM of guest NUMBER, with its folder and its RAM zeroed.  The sanitizer reports an
 * access beyond either end of that.
 */
static void vm_begin(struct vm *vm, const struct options *opt, size_t number)
{
	memset(vm, 0, sizeof(*vm));
	vm->opt = opt;
	vm->number = number;
	folder_create(vm);
	vm->request = UINT64_MAX;
	vm->ram = calloc(1, opt->memory);
	if (vm->ram == NULL)
		exit(1);
}

/* Gives back all that vm_begin and the guest's calls took. */
static void vm_end(struct vm *vm)
{
	files_destroy(vm);
	folder_remove(vm);
	free(vm->ram);
}
