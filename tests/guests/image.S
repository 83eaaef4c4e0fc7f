# Checks that its image is in RAM, followed by zeros.
	.include "guest.inc"
	get	%r8			# bytes of the image
	mov	$0x9E3779B97F4A7C15, %r9
	xor	%eax, %eax
	lea	pattern(%rip), %rbx
1:	cmp	%r8, %rbx		# up to 64 KiB: the pattern below
	jae	zeros
	cmp	$0x10000, %rbx
	jae	blocks
	mov	%rbx, %rax
	imul	%r9, %rax
	cmp	%rax, (%rbx)
	jne	damaged
	add	$8, %rbx
	jmp	1b
blocks:	lea	-0x10000(%rbx), %rax	# then repetitions of the first 64 KiB
	mov	(%rax), %rax
	cmp	%rax, (%rbx)
	jne	damaged
	add	$8, %rbx
	cmp	%r8, %rbx
	jb	blocks
zeros:	sub	$8, %rdi		# where the return address is
2:	cmp	%rdi, %rbx
	jae	whole
	cmpq	$0, (%rbx)
	jne	damaged
	add	$8, %rbx
	jmp	2b
whole:	say	"whole\n"
	bye
damaged:
	say	"damaged\n"
	bye
	.org	512
	.set	at, 512
pattern:
	.rept	(0x10000 - 512) / 8
	.quad	at * 0x9E3779B97F4A7C15
	.set	at, at + 8
	.endr
