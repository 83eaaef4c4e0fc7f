# Prints rsp modulo 16 and flags, then rdi and rsi in MiB and KiB.
	.include "guest.inc"
	pushf
	pop	%rbx
	mov	%rsi, %r8
	shr	$20, %rdi
	shr	$10, %r8
	cmp	$2048, %r8
	jne	1f
	mov	$2, %r8d
1:	mov	%rsp, %rcx
	and	$15, %ecx
	lea	digits(%rip), %rax
	mov	(%rax, %rcx), %cl
	mov	%cl, text(%rip)
	mov	(%rax, %rdi), %cl
	mov	%cl, text + 2(%rip)
	mov	(%rax, %r8), %cl
	mov	%cl, text + 4(%rip)
	mov	(%rax, %rbx), %cl
	mov	%cl, text + 6(%rip)
	mov	$CONSOLE, %edx
	lea	text(%rip), %rsi
	mov	$8, %ecx
	rep outsb
	bye
digits:	.ascii	"0123456789abcdef"
text:	.ascii	"? ? ? ?\n"
