# Makes page tables of its own, in which the address of the hypervisor's fault
# handlers is a page of RAM, and halts there.
	.include "guest.inc"
	say	"mine\n"
	sub	$10, %rsp
	sidt	(%rsp)
	movzwl	(%rsp), %ebx
	add	2(%rsp), %rbx
	inc	%rbx			# the handlers follow the IDT
	mov	%ebx, %eax
	and	$0x1FFFFF, %eax
	movb	$0xF4, 0x200003(%rax)	# hlt, the fourth
	mov	$0x100000, %eax		# a PML4, a PDPT, a PD
	movq	$0x101003, (%rax)
	movq	$0x102003, 0x1000(%rax)
	movq	$0x83, 0x2000(%rax)
	movq	$0x200083, 0x2FF8(%rax)
	mov	%rax, %cr3
	add	$3, %rbx
	jmp	*%rbx
