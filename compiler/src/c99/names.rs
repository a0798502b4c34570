//! The name that generated C has for a model: prefix of all that it defines, and name of its files.

use crate::stage::label;

/// Headers that a compiler finds by `#include <NAME.h>`, in lower case: file systems may not tell cases apart. Where a
/// file of that name lies on the path of another program, that one is taken for the system's.
const HEADERS: [&[&str]; 3] = [
    // C up to C23.
    &[
        "assert",
        "complex",
        "ctype",
        "errno",
        "fenv",
        "float",
        "inttypes",
        "iso646",
        "limits",
        "locale",
        "math",
        "setjmp",
        "signal",
        "stdalign",
        "stdarg",
        "stdatomic",
        "stdbit",
        "stdbool",
        "stdckdint",
        "stddef",
        "stdint",
        "stdio",
        "stdlib",
        "stdnoreturn",
        "string",
        "tgmath",
        "threads",
        "time",
        "uchar",
        "wchar",
        "wctype",
    ],
    // POSIX and common systems.
    &[
        "aio",
        "alloca",
        "conio",
        "cpio",
        "direct",
        "dirent",
        "dlfcn",
        "endian",
        "fcntl",
        "fmtmsg",
        "fnmatch",
        "ftw",
        "getopt",
        "glob",
        "grp",
        "iconv",
        "io",
        "langinfo",
        "libgen",
        "libintl",
        "malloc",
        "memory",
        "monetary",
        "mqueue",
        "ndbm",
        "netdb",
        "nl_types",
        "poll",
        "process",
        "pthread",
        "pwd",
        "regex",
        "sched",
        "search",
        "semaphore",
        "spawn",
        "strings",
        "stropts",
        "syslog",
        "tar",
        "termios",
        "trace",
        "ulimit",
        "unistd",
        "utime",
        "utmpx",
        "wait",
        "windows",
        "wordexp",
    ],
    // The Arduino core for AVR and the libraries that come with the IDE.
    &[
        "arduino",
        "binary",
        "bridge",
        "cdc",
        "client",
        "eeprom",
        "esplora",
        "ethernet",
        "firmata",
        "gsm",
        "hardwareserial",
        "hid",
        "ipaddress",
        "keyboard",
        "liquidcrystal",
        "mouse",
        "new",
        "pins_arduino",
        "pluggableusb",
        "print",
        "printable",
        "sd",
        "server",
        "servo",
        "softwareserial",
        "spi",
        "stepper",
        "stream",
        "tft",
        "twi",
        "udp",
        "usbapi",
        "usbcore",
        "usbdesc",
        "wcharacter",
        "wifi",
        "wire",
        "wiring_private",
        "wstring",
    ],
];

/// A model's name as C and its preprocessor take it, and as no other header is called. Names that begin with `_`, and in
/// C++ those with `__` in them, are the compiler's own (C99, 7.1.3).
pub fn identifier(name: &str) -> String {
    let words: Vec<_> = label(name).split('_').filter(|word| !word.is_empty()).map(String::from).collect();
    let name = words.join("_");
    let is_header = HEADERS.iter().any(|headers| headers.contains(&name.to_ascii_lowercase().as_str()));
    match name.chars().next() {
        None => "net".into(),
        Some(first) if first.is_ascii_digit() || is_header => format!("net_{name}"),
        Some(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_no_header_and_no_name_of_the_compiler() {
        let names = [
            ("tinychat", "tinychat"),
            ("a-b_C9", "a_b_C9"),
            ("9lives", "net_9lives"),
            ("stdint", "net_stdint"),
            ("STRING", "net_STRING"),
            ("Arduino", "net_Arduino"),
            ("nl-types", "net_nl_types"),
            ("stdint2", "stdint2"),
            ("_start", "start"),
            ("__a--b_", "a_b"),
            ("_math", "net_math"),
            ("-", "net"),
        ];
        for (model, wants) in names {
            assert_eq!(identifier(model), wants, "{model}");
        }
    }
}
