# Prints as many bytes as the console says, each with an instruction.
	.include "guest.inc"
	get	%rcx
	jrcxz	2f
	mov	$'x', %al
1:	outb	%al, $CONSOLE
	dec	%rcx
	jnz	1b
2:	bye
