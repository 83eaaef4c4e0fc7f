/*
 * Walks the tables that the hypervisor builds for its guest, as the CPU would:
 * every page of the first GiB for each RAM and page size, and the segments.  The
 * versions build the same, as levels.t tells.  Prints TAP.
 */

#define _GNU_SOURCE
#include "vm.h"

/* The 64-bit entry at guest-physical ADDRESS, which must be after RAM. */
static uint64_t entry(const struct vm *vm, uint64_t address)
{
	uint64_t offset = address - vm->opt->memory, value;

	if (offset > sizeof(struct tables) - sizeof(value)) {
		fprintf(tap, "Bail out! a table at 0x%llx\n",
		    (unsigned long long)address);
		exit(1);
	}
	memcpy(&value, (uint8_t *)vm->tables + offset, sizeof(value));
	return value;
}

/*
 * What the CPU makes of virtual ADDRESS: the physical one with the leaf's low
 * bits P, RW and PS, or 0 when it isn't mapped.
 */
static uint64_t walk(const struct vm *vm, uint64_t address)
{
	const uint64_t frame = 0x000FFFFFFFFFF000;
	uint64_t at = TABLES_PHYSICAL(vm, pml4);

	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t e = entry(vm, at + (address >> shift & 511) * 8);
		uint64_t offset = address & ((1ull << shift) - 1);

		if (!(e & PTE_P))
			return 0;
		if (shift == 12 || e & PTE_PS)
			return ((e & frame) + offset) | (e & 0xFFF);
		if (e & ~frame & ~(PTE_P | PTE_RW))
			return 0;
		at = e & frame;
	}
	return 0;
}

static void test_paging(const struct vm *vm)
{
	const struct options *opt = vm->opt;
	uint64_t leaf = PTE_P | PTE_RW | (opt->page == PAGE_2M ? PTE_PS : 0);
	size_t ram = 0, gap = 0, top = 0;

	for (uint64_t at = 0; at < opt->memory; at += PAGE_4K)
		ram += walk(vm, at) == (at | leaf);
	ok(ram == opt->memory / PAGE_4K, "RAM is mapped to itself");
	for (uint64_t at = opt->memory; at < 1024 * MIB; at += PAGE_4K)
		gap += walk(vm, at) != 0;
	ok(gap == 2, "two pages above it are, and no more");
	ok(walk(vm, TABLES_VIRTUAL(gdt)) ==
	    (TABLES_PHYSICAL(vm, gdt) | PTE_P), "the descriptors, read-only");
	ok(TABLES_VIRTUAL(hlt) + VECTORS < TABLES_VIRTUAL(gdt) + PAGE_4K,
	    "all in one page");
	ok(walk(vm, TABLES_VIRTUAL(fault_stack)) ==
	    (TABLES_PHYSICAL(vm, fault_stack) | PTE_P | PTE_RW),
	    "and the stack for faults");
	for (size_t i = 1; i < PTE_COUNT; i++)
		top += vm->tables->pml4[i] != 0 || vm->tables->pdpt[i] != 0;
	ok(top == 0, "nothing is mapped above 1 GiB");
}

static void test_segments(const struct vm *vm)
{
	const struct tables *t = vm->tables;
	uint64_t stack = TABLES_VIRTUAL(fault_stack) + PAGE_4K, back;
	size_t gates = 0;

	ok(t->gdt[0] == 0 && t->gdt[1] == 0x00AF9B000000FFFF &&
	    t->gdt[2] == 0x00CF93000000FFFF && sizeof(t->gdt) == 24,
	    "null, code and data segment");
	ok(sizeof(t->tss) == 104 && t->tss[9] == stack && t->tss[10] == 0 &&
	    task_segment.base == TABLES_VIRTUAL(tss) &&
	    task_segment.limit == 103, "TSS");
	for (uint64_t i = 0; i < VECTORS; i++) {
		uint64_t to = TABLES_VIRTUAL(hlt) + i;

		gates += t->idt[i][0] == ((to & 0xFFFF) | 8 << 16 |
		    1ull << 32 | 0x8Eull << 40 | (to >> 16 & 0xFFFF) << 48) &&
		    t->idt[i][1] == to >> 32 && t->hlt[i] == 0xF4;
	}
	ok(gates == VECTORS, "each vector has its gate and its hlt");
	memcpy(&back, vm->ram + vm->opt->memory - 8, 8);
	ok(back == TABLES_VIRTUAL(hlt) + VECTORS && t->hlt[VECTORS] == 0xF4,
	    "a return from entry has its hlt too");
}

int main(void)
{
	const size_t memories[] = {2, 4, 8}, pages[] = {PAGE_4K, PAGE_2M};

	tap_open();
	for (size_t i = 0; i < 6; i++) {
		struct options opt = {
			.memory = memories[i / 2] * MIB,
			.page = pages[i % 2],
		};
		static struct vm vm;

		fprintf(tap, "# %zu MiB, %zu KiB pages\n",
		    memories[i / 2], opt.page / KIB);
		vm.opt = &opt;
		vm.ram = aligned_alloc(PAGE_4K,
		    opt.memory + sizeof(*vm.tables));
		if (vm.ram == NULL)
			return 1;
		memset(vm.ram, 0, opt.memory + sizeof(*vm.tables));
		vm.tables = (void *)(vm.ram + opt.memory);
		page_tables_create(&vm);
		descriptors_create(&vm);
		test_paging(&vm);
		test_segments(&vm);
		free(vm.ram);
	}
	fprintf(tap, "1..%d\n", tests);
	return 0;
}
