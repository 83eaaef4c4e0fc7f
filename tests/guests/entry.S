# Prints the registers that it starts with: flags, rsp, rdi, rsi, and all others
# or-ed, eight bytes each.
	.include "guest.inc"
	pushf
	popq	0x1000
	mov	%rsp, 0x1008
	mov	%rdi, 0x1010
	mov	%rsi, 0x1018
	or	%rbx, %rax
	or	%rcx, %rax
	or	%rdx, %rax
	or	%rbp, %rax
	or	%r8, %rax
	or	%r9, %rax
	or	%r10, %rax
	or	%r11, %rax
	or	%r12, %rax
	or	%r13, %rax
	or	%r14, %rax
	or	%r15, %rax
	mov	%rax, 0x1020
	mov	$CONSOLE, %edx
	mov	$0x1000, %esi
	mov	$40, %ecx
	rep outsb
	bye
