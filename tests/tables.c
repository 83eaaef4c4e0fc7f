/*
 * Walks the tables that a hypervisor builds for its guest, as the CPU would:
 * every page of the first GiB for each RAM and page size, and the segments.
 * HYPERVISOR is the source file to test.  Prints TAP.
 */

#define main hypervisor_main
#include HYPERVISOR
#undef main

static int tests;

static void ok(bool good, const char *name, const struct options *opt)
{
	printf("%sok %d - %s (%zu MiB, %zu KiB pages)\n", good ? "" : "not ",
	    ++tests, name, opt->memory / MIB, opt->page / KIB);
}

/* The 64-bit entry at guest-physical ADDRESS, which must be behind RAM. */
static uint64_t entry(const struct vm *vm, uint64_t address)
{
	uint64_t offset = address - vm->opt->memory, value;

	if (offset > sizeof(struct system) - sizeof(value)) {
		printf("Bail out! a table at 0x%llx\n",
		    (unsigned long long)address);
		exit(1);
	}
	memcpy(&value, (uint8_t *)vm->system + offset, sizeof(value));
	return value;
}

/*
 * What the CPU makes of virtual ADDRESS: the physical one with the leaf's low
 * bits P, RW and PS, or 0 when it isn't mapped.
 */
static uint64_t walk(const struct vm *vm, uint64_t address)
{
	const uint64_t frame = 0x000FFFFFFFFFF000;
	uint64_t at = SYSTEM_PHYSICAL(vm, pml4);

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
	ok(ram == opt->memory / PAGE_4K, "RAM is mapped to itself", opt);
	for (uint64_t at = opt->memory; at < 1024 * MIB; at += PAGE_4K)
		gap += walk(vm, at) != 0;
	ok(gap == 2, "two pages above it are, and no more", opt);
	ok(walk(vm, SYSTEM_ADDRESS(vectors)) ==
	    (SYSTEM_PHYSICAL(vm, vectors) | PTE_P), "the vectors, read-only", opt);
	ok(walk(vm, SYSTEM_ADDRESS(fault_stack)) ==
	    (SYSTEM_PHYSICAL(vm, fault_stack) | PTE_P | PTE_RW),
	    "and the stack for faults", opt);
	for (size_t i = 1; i < PTE_COUNT; i++)
		top += vm->system->pml4[i] != 0 || vm->system->pdpt[i] != 0;
	ok(top == 0, "nothing is mapped above 1 GiB", opt);
}

static void test_segments(const struct vm *vm)
{
	const struct vectors *v = &vm->system->vectors;
	uint64_t tss = SYSTEM_ADDRESS(vectors.tss);
	size_t gates = 0;

	ok(v->gdt[0] == 0 && v->gdt[1] == 0x00AF9B000000FFFF &&
	    v->gdt[2] == 0x00CF93000000FFFF, "null, code and data segment",
	    vm->opt);
	ok(v->gdt[3] == (0x00008B0000000067 | (tss & 0xFFFFFF) << 16 |
	    (tss >> 24) << 56) && v->gdt[4] == 0, "TSS segment", vm->opt);
	ok(sizeof(v->tss) == 104 && v->tss.ist[1] == 0 && v->tss.ist[0] ==
	    SYSTEM_ADDRESS(fault_stack) + PAGE_4K, "TSS", vm->opt);
	for (uint64_t i = 0; i < VECTORS; i++) {
		uint64_t to = SYSTEM_ADDRESS(vectors.hlt) + i;
		uint64_t gate[2];

		memcpy(gate, &v->idt[i], sizeof(gate));
		gates += gate[0] == ((to & 0xFFFF) | 8 << 16 | 1ull << 32 |
		    0x8Eull << 40 | (to >> 16 & 0xFFFF) << 48) &&
		    gate[1] == to >> 32 && v->hlt[i] == 0xF4;
	}
	ok(gates == VECTORS, "each vector has its gate and its hlt", vm->opt);
}

int main(void)
{
	const size_t memories[] = {2, 4, 8}, pages[] = {PAGE_4K, PAGE_2M};

	for (size_t i = 0; i < 6; i++) {
		struct options opt = {
			.memory = memories[i / 2] * MIB,
			.page = pages[i % 2],
		};
		struct vm *vm = calloc(1, sizeof(*vm));

		vm->opt = &opt;
		vm->system = aligned_alloc(PAGE_4K, sizeof(*vm->system));
		memset(vm->system, 0, sizeof(*vm->system));
		gdt_create(vm);
		idt_create(vm);
		paging_create(vm);
		test_paging(vm);
		test_segments(vm);
		free(vm->system);
		free(vm);
	}
	printf("1..%d\n", tests);
	return 0;
}
