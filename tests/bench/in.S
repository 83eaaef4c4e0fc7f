# Reads as many bytes as the console says, each with an instruction.
	.include "guest.inc"
	get	%rcx
	jrcxz	2f
1:	inb	$CONSOLE, %al
	dec	%rcx
	jnz	1b
2:	bye
