# Maps and reads memory that the machine does not have.
	.include "guest.inc"
	say	"before\n"
	mov	$0x100000, %ebx		# a PML4, a PDPT with 1 GiB leaves
	lea	0x1003(%rbx), %rax
	mov	%rax, (%rbx)
	movq	$0x83, 0x1000(%rbx)
	mov	$0x40000083, %eax
	mov	%rax, 0x1008(%rbx)
	mov	%rbx, %cr3
	mov	0x40001234, %al
