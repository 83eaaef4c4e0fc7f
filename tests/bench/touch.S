# Writes to the 2048 pages of 8 MiB of RAM in turn: page x, then page x * A + 1
# and so on, N times.  The console says A, then N; with A = 1 that is one page
# after the other, with others of the form 4k + 1 it is a random order.
	.include "guest.inc"
	get	%r8
	get	%r9
	xor	%ebx, %ebx
1:	mov	%rbx, %rax
	shl	$12, %rax
	incb	0xF00(%rax)
	imul	%r8, %rbx
	inc	%rbx
	and	$2047, %ebx
	dec	%r9
	jnz	1b
	bye
