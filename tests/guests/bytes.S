# Prints every byte value, one OUT each.
	.include "guest.inc"
	xor	%eax, %eax
1:	outb	%al, $CONSOLE
	inc	%al
	jnz	1b
	bye
