//! A guest in Rust, with core but without std.
//!
//!	rustc --crate-type=staticlib -O -C panic=abort \
//!	    -C relocation-model=static hello.rs
//!	make base.img WITH="libhello.a -Wl,--gc-sections"

#![no_std]
#![no_main]

use core::arch::asm;
use core::fmt::{self, Write};

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        unsafe {
            asm!("rep outsb", in("dx") 0xE9u16,
                inout("rsi") text.as_ptr() => _,
                inout("rcx") text.len() => _);
        }
        Ok(())
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let _ = writeln!(Console, "{info}");
    loop {
        unsafe { asm!("hlt") }
    }
}

#[no_mangle]
pub extern "C" fn main() -> i32 {
    let squares = [1, 4, 9];
    let _ = writeln!(Console, "hello from Rust: {squares:?} {:.2}", 2.0 / 3.0);
    0
}
