# Prints the vendor of the CPU, and whether it has long mode.
	.include "guest.inc"
	xor	%eax, %eax
	cpuid
	mov	%ebx, vendor(%rip)
	mov	%edx, vendor + 4(%rip)
	mov	%ecx, vendor + 8(%rip)
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx
	jc	1f
	movb	$'-', mode + 1(%rip)
1:	mov	$CONSOLE, %edx
	lea	vendor(%rip), %rsi
	mov	$16, %ecx
	rep outsb
	bye
vendor:	.ascii	"GenuineWhat?"
mode:	.ascii	" lm\n"
