# Takes the place of Linux's decompressor, which Bochs would need most of a
# minute for: a bootloader puts this at 1 MB with the unpacked kernel (the
# file flat) after it and enters in 32-bit mode with esi = boot_params.
# Here the kernel moves to 16 MB, where it belongs, and is entered as it
# wants: at entry in 64-bit mode with the first GB identity-mapped.
	.code32
	.set	base, 0x100000
	.set	kernel, 0x1000000
	.set	tables, 0x200000
start:	mov	%esi, %ebx
	std				# the two places overlap
	mov	$base + end - start - 4, %esi
	mov	$kernel + end - flat - 4, %edi
	mov	$(end - flat) / 4, %ecx
	rep movsl
	cld
	mov	%ebx, %esi

	mov	$tables, %edi
	mov	$2048, %ecx
	xor	%eax, %eax
	rep stosl
	movl	$tables + 0x1003, tables
	movl	$0x83, tables + 0x1000	# one page of 1 GB
	mov	$tables, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x20, %eax		# CR4.PAE
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax		# EFER.LME
	wrmsr
	lgdt	base + gdtr - start
	mov	%cr0, %eax
	or	$0x80000000, %eax	# CR0.PG
	mov	%eax, %cr0
	ljmp	$0x10, $entry

	.balign	8
gdt:	.quad	0, 0, 0xaf9a000000ffff, 0xcf92000000ffff
gdtr:	.word	gdtr - gdt - 1
	.long	base + gdt - start
	.balign	4096
flat:	.incbin	"flat"
	.balign	4
end:
