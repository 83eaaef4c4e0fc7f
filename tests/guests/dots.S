# Prints dots for ever, with a pause between them.
	.include "guest.inc"
	sti
1:	movb	$'.', %al
	outb	%al, $CONSOLE
	mov	$100000, %ecx
2:	loop	2b
	jmp	1b
