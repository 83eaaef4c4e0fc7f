# Reads bytes with one rep insb and prints them: a number says how many.
	.include "guest.inc"
	get	%r8
	mov	$CONSOLE, %edx
	mov	$0x10000, %edi
	mov	%r8, %rcx
	rep insb
	mov	$0x10000, %esi
	mov	%r8, %rcx
	rep outsb
	bye
