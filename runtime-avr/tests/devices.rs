//! The devices' facts against avr-libc's headers.

mod support;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use mlc_runtime_avr::{DEVICES, Device};
use support::tools;

/// avr-libc's macros for a device.
fn macros(device: &Device) -> BTreeMap<String, String> {
    let mcu = format!("-mmcu={}", device.name);
    let arguments = [&mcu, "-E", "-dM", "-include", "avr/io.h", "-x", "c", "-"];
    let output = Command::new("avr-gcc").args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let definition = |line: &str| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    text.lines().filter_map(definition).collect()
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim().trim_matches(|c| c == '(' || c == ')').to_lowercase();
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The data-space address of a register.
fn register(macros: &BTreeMap<String, String>, name: &str) -> Option<u16> {
    let text = macros.get(name)?;
    let argument = || number(text.split_once('(')?.1);
    if text.starts_with("_SFR_IO") {
        Some(argument()? as u16 + 0x20)
    } else if text.starts_with("_SFR_MEM") {
        Some(argument()? as u16)
    } else {
        None
    }
}

#[test]
fn registers_vectors_and_memory() {
    if !tools::have("avr-gcc") {
        return;
    }
    for device in DEVICES {
        let macros = macros(device);
        let at = |name: &str| register(&macros, name).unwrap_or_else(|| panic!("{}: {name}", device.name));
        let vector = |name: &str| {
            let text = macros.get(name).unwrap_or_else(|| panic!("{}: {name}", device.name));
            number(text).unwrap() as u8
        };
        let bit = |name: &str| 1u8 << number(&macros[name]).unwrap();
        let name = device.name;

        assert_eq!(device.flash_bytes - 1, number(&macros["FLASHEND"]).unwrap(), "{name}");
        assert_eq!(u32::from(device.sram_start), number(&macros["RAMSTART"]).unwrap(), "{name}");
        // The ATmega32U4's is a sum.
        match number(&macros["RAMEND"]) {
            Some(end) => assert_eq!(u32::from(device.ram_end()), end, "{name}"),
            None => assert_eq!((name, device.ram_end()), ("atmega32u4", 0x0AFF)),
        }
        let bytes = &macros["_VECTORS_SIZE"];
        let factors = bytes.trim_matches(|c| c == '(' || c == ')').split('*').map(|n| number(n).unwrap());
        assert_eq!(factors.product::<u32>(), u32::from(device.vectors) * device.vector_bytes(), "{name}");
        assert_eq!((at("SPL"), at("SPH"), at("SREG")), (0x5D, 0x5E, 0x5F), "{name}");
        for (index, address) in device.gpior.into_iter().enumerate() {
            assert_eq!(address, at(&format!("GPIOR{index}")), "{name}");
        }
        for port in device.ports {
            let addresses = ["PIN", "DDR", "PORT"].map(|kind| at(&format!("{kind}{}", port.name)));
            assert_eq!(addresses, [port.pin, port.pin + 1, port.pin + 2], "{name}: port {}", port.name);
        }
        let letters = ('A'..='L').filter(|letter| register(&macros, &format!("PORT{letter}")).is_some());
        assert_eq!(letters.count(), device.ports.len(), "{name}: ports");

        let (sleep, mode) = if name == "attiny85" { ("MCUCR", "SM1") } else { ("SMCR", "SM2") };
        assert_eq!((device.sleep.address, device.sleep.enable), (at(sleep), bit("SE")), "{name}");
        assert_eq!(device.sleep.mode, 2 * bit(mode) - bit("SM0"), "{name}");

        if let Some(uart) = device.uart {
            let n = uart.number;
            let names = ["UCSRnA", "UCSRnB", "UCSRnC", "UBRRnL", "UBRRnH", "UDRn"];
            let addresses = names.map(|name| at(&name.replace('n', &n.to_string())) - uart.base);
            assert_eq!(addresses, [0, 1, 2, 4, 5, 6], "{name}");
            let prefix =
                if macros.contains_key("USART_RX_vect_num") { "USART".into() } else { format!("USART{n}") };
            let vectors = ["RX", "UDRE", "TX"].map(|kind| vector(&format!("{prefix}_{kind}_vect_num")));
            assert_eq!(vectors, [0, 1, 2].map(|n| uart.first_vector + n), "{name}");
        }
        if let Some(timer) = device.timer1 {
            let names = ["TCCR1A", "TCCR1B", "TCCR1C", "TCNT1L", "TCNT1H"];
            assert_eq!(names.map(|name| at(name) - timer.base), [0, 1, 2, 4, 5], "{name}");
            let names = ["OCR1AL", "OCR1AH", "OCR1BL", "OCR1BH"];
            assert_eq!(names.map(|name| at(name) - timer.base), [8, 9, 10, 11], "{name}");
            assert_eq!(
                [timer.tifr, timer.timsk, timer.gtccr],
                ["TIFR1", "TIMSK1", "GTCCR"].map(at),
                "{name}"
            );
            let names = ["COMPA", "COMPB", "OVF"];
            assert_eq!(timer.vectors, names.map(|n| vector(&format!("TIMER1_{n}_vect_num"))), "{name}");
        }
        if let Some(adc) = device.adc {
            let names = ["ADCL", "ADCH", "ADCSRA", "ADCSRB", "ADMUX"];
            assert_eq!(names.map(|name| at(name) - adc.base), [0, 1, 2, 3, 4], "{name}");
            let power = if macros.contains_key("PRR") { "PRR" } else { "PRR0" };
            assert_eq!((adc.power, bit("PRADC")), (at(power), 1), "{name}");
        }
        if let Some(spi) = device.spi {
            let names = ["SPCR", "SPSR", "SPDR"];
            assert_eq!(names.map(|name| at(name) - spi.base), [0, 1, 2], "{name}");
            let power = if macros.contains_key("PRR") { "PRR" } else { "PRR0" };
            assert_eq!((spi.power, bit("PRSPI")), (at(power), 1 << 2), "{name}");
        }
        if device.family.has_far_data() {
            assert_eq!(at("RAMPZ"), 0x5B, "{name}");
        }
        if device.family.has_wide_pc() {
            assert_eq!(at("EIND"), 0x5C, "{name}");
        }
    }
}

/// Only what may do nothing keeps values; what is not there may only be switched off.
#[test]
fn registers_without_effect() {
    if !tools::have("avr-gcc") {
        return;
    }
    for device in DEVICES {
        keeps_and_switches_off(device, &macros(device));
    }
}

fn keeps_and_switches_off(device: &Device, macros: &BTreeMap<String, String>) {
    let name = device.name;
    let named = |names: &[&str]| -> Vec<u16> {
        let mut found: Vec<u16> = names.iter().filter_map(|name| register(macros, name)).collect();
        found.sort_unstable();
        found
    };
    let sorted = |addresses: &[u16]| {
        let mut sorted = addresses.to_vec();
        sorted.sort_unstable();
        sorted
    };
    let mut kept = named(&["MCUSR", "MCUCR", "PRR", "PRR0", "PRR1", "DIDR0", "DIDR1", "DIDR2", "ACSR"]);
    kept.retain(|&address| address != device.sleep.address);
    assert_eq!(sorted(device.kept), kept, "{name}");
    let off = [
        "EIMSK", "GIMSK", "EECR", "TCCR0B", "TCCR2B", "TCCR3B", "TCCR4B", "TCCR5B", "WDTCSR", "WDTCR",
        "CLKPR", "PCICR", "TIMSK0", "TIMSK2", "TIMSK3", "TIMSK4", "TIMSK5", "TIMSK", "TWCR", "XMCRA",
        "PLLCSR", "USBCON", "USICR",
    ];
    let mut off = named(&off);
    if name == "attiny85" {
        off.extend(named(&["TCCR1", "ADCSRA"]));
    }
    assert_eq!(sorted(device.off), sorted(&off), "{name}");
}
