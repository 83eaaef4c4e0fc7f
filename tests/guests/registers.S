# Checks that all registers but rip, rsp, rdi and rsi start as 0.
	.include "guest.inc"
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
	jnz	1f
	say	"zeros\n"
	bye
1:	say	"not zeros\n"
	bye
