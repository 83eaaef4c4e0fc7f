# Guests that say "before" and then do something wrong, at the label fault where
# there is one.  make builds each with the symbol of its name defined.
	.include "guest.inc"
	say	"before\n"

	.ifdef div			# divides by zero
	xor	%ecx, %ecx
fault:	div	%ecx
	.endif

	.ifdef ud2			# an undefined instruction
fault:	ud2
	.endif

	.ifdef far			# jumps far, as 16-bit code does
fault:	.byte	0xEA, 0, 0, 0, 0
	.endif

	.ifdef int3			# the fault is after the breakpoint
	int3
fault:	nop
	.endif

	.ifdef trap			# and after the instruction that traps
	pushf
	orl	$0x100, (%rsp)
	popf
	nop
fault:	nop
	.endif

	.ifdef gp			# reads from a non-canonical address
	mov	$1, %rax
	shl	$63, %rax
fault:	mov	(%rax), %al
	.endif

	.ifdef own_tss			# the same, with a TSS of its own
	mov	$0x100000, %ebx		# its GDT, its TSS and its stack
	mov	$0x00AF9B000000FFFF, %rax
	mov	%rax, 8(%rbx)
	mov	$0x0000891001000067, %rax	# TSS, at 0x100100
	mov	%rax, 16(%rbx)
	movl	$0x200000, 0x124(%rbx)	# IST1
	movw	$31, 0x200(%rbx)
	mov	%rbx, 0x202(%rbx)
	lgdt	0x200(%rbx)
	mov	$16, %eax
	ltr	%ax
	mov	$1, %rax
	shl	$63, %rax
	mov	(%rax), %al
	.endif

	.ifdef pf_read			# reads the first byte after RAM
fault:	mov	(%rdi), %al
	.endif

	.ifdef pf_write
fault:	mov	%al, (%rdi)
	.endif

	.ifdef pf_exec
	jmp	*%rdi
	.endif

	.ifdef straddle			# an instruction half of which is there
	.set	fault, 0x3FFFFF
	movb	$0xCD, -1(%rdi)		# int $n
	lea	-1(%rdi), %rax
	jmp	*%rax
	.endif

	.ifdef pf_far			# where no page table leads
	mov	$0x123456789000, %rax
fault:	movq	$1, (%rax)
	.endif

	.ifdef pf_vectors		# the IDT that it was given
	sub	$10, %rsp
	sidt	(%rsp)
	mov	2(%rsp), %rax
fault:	movq	$0, (%rax)
	.endif

	.ifdef stack			# pushes with its stack gone
	xor	%esp, %esp
fault:	push	%rax
	.endif

	.ifdef ret			# returns from the entry point
	ret
	.endif

	.ifdef triple			# faults with an IDT of no length
	sub	$16, %rsp
	movw	$0, (%rsp)
	lidt	(%rsp)
fault:	ud2
	.endif

	.ifdef nowhere			# maps memory that does not exist
	mov	$0x100000, %ebx		# a PML4, a PDPT with 1 GiB leaves
	lea	0x1003(%rbx), %rax
	mov	%rax, (%rbx)
	movq	$0x83, 0x1000(%rbx)
	mov	$0x40000083, %eax
	mov	%rax, 0x1008(%rbx)
	mov	%rbx, %cr3
	mov	0x40001234, %al
	.endif

	.ifdef svme			# EFER.SVME, to be a hypervisor on AMD
	mov	$0xC0000080, %ecx
	rdmsr
	bts	$12, %eax
fault:	wrmsr
	.endif

	.ifdef vmxe			# CR4.VMXE, to be one on Intel
	mov	%cr4, %rax
	bts	$13, %rax
fault:	mov	%rax, %cr4
	.endif

	.ifdef vmxon
fault:	vmxon	0x3000
	.endif

	.ifdef port_out			# an unknown port
	mov	$0x3F8, %edx
fault:	outb	%al, %dx
	.endif

	.ifdef port_in
	mov	$0x279, %edx
fault:	inl	%dx, %eax
	.endif

	.ifdef outw			# a wrong width on the console
fault:	outw	%ax, $CONSOLE
	.endif

	.ifdef outl
fault:	outl	%eax, $CONSOLE
	.endif

	.ifdef inw
fault:	inw	$CONSOLE, %ax
	.endif

	.ifdef inl
fault:	inl	$CONSOLE, %eax
	.endif

	.ifdef width			# a wrong width on the file device
	mov	$0x278, %edx
fault:	outw	%ax, %dx
	.endif

	.ifdef width_in
	mov	$0x278, %edx
fault:	inb	%dx, %al
	.endif
