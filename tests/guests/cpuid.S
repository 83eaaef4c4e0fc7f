# Prints the vendor of the CPU, " lm" if it has long mode, and "+" if it offers
# virtualization.
	.include "guest.inc"
	xor	%eax, %eax
	cpuid
	mov	%ebx, text(%rip)
	mov	%edx, text + 4(%rip)
	mov	%ecx, text + 8(%rip)
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx
	jc	1f
	movb	$'-', text + 13(%rip)
1:	mov	%ecx, %ebx
	mov	$1, %eax
	push	%rbx
	cpuid
	pop	%rbx
	and	$1 << 2, %ebx		# SVM
	and	$1 << 5, %ecx		# VMX
	or	%ebx, %ecx
	jz	2f
	movb	$'+', text + 12(%rip)
2:	mov	$CONSOLE, %edx
	lea	text(%rip), %rsi
	mov	$16, %ecx
	rep outsb
	bye
text:	.ascii	"GenuineWhat? lm\n"
