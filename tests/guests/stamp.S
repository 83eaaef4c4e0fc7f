# Reads a letter from the console and writes it over the whole of the shared
# file big, 1 MiB, through two handles in turn, 4 KiB at a time.
	.include "guest.inc"
	inb	$CONSOLE, %al
	mov	$0x10000, %edi
	mov	$4096, %ecx
	rep stosb
	inb	$CONSOLE, %al		# the newline
	mov	$0x278, %edx
	mov	$BLOCK, %eax
	outl	%eax, %dx
	movl	$1, BLOCK
	lea	name(%rip), %rax
	mov	%rax, BLOCK + 8
	movl	$2, BLOCK + 24		# O_RDWR
	inl	%dx, %eax
	mov	%eax, %r8d
	inl	%dx, %eax
	mov	%eax, %r9d
	xor	%ebx, %ebx
1:	mov	%r8d, BLOCK + 4
	movl	$5, BLOCK		# seek
	movl	$0, BLOCK + 24
	mov	%rbx, BLOCK + 16
	inl	%dx, %eax
	movl	$4, BLOCK		# write
	movq	$0x10000, BLOCK + 8
	movq	$4096, BLOCK + 16
	inl	%dx, %eax
	cmp	$4096, %eax
	jne	2f
	xchg	%r8, %r9
	add	$4096, %rbx
	cmp	$0x100000, %rbx
	jb	1b
	say	"stamped\n"
	bye
2:	say	"failed\n"
	bye
name:	.asciz	"big"
