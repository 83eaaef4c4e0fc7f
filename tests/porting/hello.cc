/*
 * A guest in C++, without exceptions and RTTI.  Nothing runs the constructors
 * of global objects.
 *
 *	g++ -c -O2 -ffreestanding -fno-exceptions -fno-rtti -fno-pie \
 *	    -fno-stack-protector -fcf-protection=none hello.cc
 *	make base.img WITH=hello.o
 */

extern "C" void print(const char *text);

class greeting {
public:
	virtual const char *text() const { return "hello from C\n"; }
};

class own_greeting : public greeting {
public:
	const char *text() const override { return "hello from C++\n"; }
};

template <typename type> static void greet(const type &what)
{
	print(what.text());
}

extern "C" int main()
{
	own_greeting own;

	greet<greeting>(own);
	return 0;
}
