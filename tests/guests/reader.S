# Prints each line of its input in brackets, until the end of the input.
	.include "guest.inc"
1:	mov	$0x10000, %edi
	movb	$'[', (%rdi)
	inc	%rdi
2:	inb	$CONSOLE, %al
	cmp	$0xFF, %al
	je	4f
	cmp	$'\n', %al
	je	3f
	stosb
	jmp	2b
3:	movw	$0x0A5D, (%rdi)		# "]\n"
	lea	2(%rdi), %rcx
	mov	$0x10000, %esi
	sub	%rsi, %rcx
	mov	$CONSOLE, %edx
	rep outsb
	jmp	1b
4:	bye
