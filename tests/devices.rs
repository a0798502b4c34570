//! The devices' facts against the manufacturer's device files (ATDF), which the crate `avr-device` brings, and against
//! the facts that the simulated machine has of its own.

#[allow(dead_code, reason = "no tool is run")]
#[path = "support/tools.rs"]
mod tools;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use mlc_compiler::Assets;
use mlc_compiler::target::device::{Core, Device};
use mlc_runtime_avr::{DEVICES, Family};
use roxmltree::{Document, Node};

/// The crate's device files, wherever cargo keeps them. None where the crate cannot be had, with a message.
fn vendor() -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = |more: &[&str]| {
        let output = Command::new(&cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .args(more)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .ok()?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        let packages = metadata["packages"].as_array()?;
        let found = packages.iter().find(|package| package["name"] == "avr-device")?;
        Some(PathBuf::from(found["manifest_path"].as_str()?).with_file_name("vendor"))
    };
    let folder = metadata(&["--offline"]).or_else(|| metadata(&[]));
    tools::there(
        folder.is_some(),
        "the crate avr-device, which has the manufacturer's data: cargo does not get it",
    );
    folder
}

fn number(text: &str) -> u32 {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).unwrap(),
        None => text.parse().unwrap(),
    }
}

/// What one device file says.
struct Facts {
    /// Start and size of memory segments by name.
    segments: BTreeMap<String, (u32, u32)>,
    /// Data-space addresses.
    registers: BTreeMap<String, u16>,
    /// Masks by register and field.
    fields: BTreeMap<(String, String), u8>,
    interrupts: BTreeMap<String, u8>,
    ports: Vec<char>,
    /// Bits of each port's register.
    pins: BTreeMap<char, u8>,
    /// Pads by the peripheral and its signal.
    pads: BTreeMap<(String, String), String>,
    architecture: String,
}

impl Facts {
    fn read(text: &str) -> Self {
        let document = Document::parse(text).unwrap();
        let all = |tag: &'static str| document.descendants().filter(move |node| node.has_tag_name(tag));
        let name = |node: &Node| node.attribute("name").unwrap().to_string();
        let value = |node: &Node, attribute: &str| number(node.attribute(attribute).unwrap());
        let segments =
            all("memory-segment").map(|n| (name(&n), (value(&n, "start"), value(&n, "size")))).collect();
        // The fuses are registers of another address space.
        let in_data =
            |node: &Node| !node.ancestors().any(|n| matches!(n.attribute("name"), Some("FUSE" | "LOCKBIT")));
        let mut pins = BTreeMap::new();
        for register in all("register").filter(in_data) {
            if let Some(port) = name(&register).strip_prefix("PORT").and_then(|port| port.parse().ok()) {
                pins.insert(port, value(&register, "mask") as u8);
            }
        }
        let mut pads = BTreeMap::new();
        for signal in all("signal") {
            let part = signal.ancestors().find(|n| n.has_tag_name("instance")).unwrap();
            let [group, pad] = ["group", "pad"].map(|a| signal.attribute(a).unwrap().to_string());
            pads.insert((name(&part), group), pad);
        }
        let mut registers = BTreeMap::new();
        let mut fields = BTreeMap::new();
        for register in all("register").filter(in_data) {
            registers.insert(name(&register), value(&register, "offset") as u16);
            for field in register.children().filter(|n| n.has_tag_name("bitfield")) {
                fields.insert((name(&register), name(&field)), value(&field, "mask") as u8);
            }
        }
        let device = all("device").next().unwrap();
        Self {
            segments,
            ports: registers.keys().filter_map(|n| n.strip_prefix("PORT")?.chars().next()).collect(),
            pins,
            pads,
            registers,
            fields,
            interrupts: all("interrupt").map(|n| (name(&n), value(&n, "index") as u8)).collect(),
            architecture: device.attribute("architecture").unwrap().to_string(),
        }
    }

    fn register(&self, name: &str) -> u16 {
        *self.registers.get(name).unwrap_or_else(|| panic!("no register {name}"))
    }

    /// The interrupt with one of two names.
    fn interrupt(&self, names: [String; 2]) -> u8 {
        let found = names.iter().find_map(|name| self.interrupts.get(name));
        *found.unwrap_or_else(|| panic!("no interrupt {names:?}"))
    }
}

fn agrees(device: &Device, facts: &Facts) {
    let name = &device.name;
    assert_eq!(facts.segments["FLASH"], (0, device.flash), "{name}");
    assert_eq!(facts.segments["IRAM"], (device.sram_start.into(), device.sram.into()), "{name}");
    assert_eq!(facts.interrupts.values().max(), Some(&(device.vectors - 1)), "{name}");
    assert_eq!(device.marker, facts.register("GPIOR0"), "{name}");
    for (letter, &pin) in &device.ports {
        let addresses = ["PIN", "DDR", "PORT"].map(|kind| facts.register(&format!("{kind}{letter}")));
        assert_eq!(addresses, [pin, pin + 1, pin + 2], "{name}: port {letter}");
    }
    assert_eq!(device.ports.keys().copied().collect::<Vec<_>>(), facts.ports, "{name}");
    assert_eq!(device.pins, facts.pins, "{name}");
    let sleep = if facts.registers.contains_key("SMCR") { "SMCR" } else { "MCUCR" };
    let field = |register: &str, field: &str| facts.fields[&(register.to_string(), field.to_string())];
    assert_eq!(device.sleep.register, facts.register(sleep), "{name}");
    assert_eq!((device.sleep.enable, device.sleep.mode), (field(sleep, "SE"), field(sleep, "SM")), "{name}");

    let usarts = facts.registers.keys().any(|register| register.starts_with("UDR"));
    assert_eq!(device.uart.is_some(), usarts, "{name}: USART");
    if let Some(uart) = device.uart {
        let n = uart.number;
        let register = |name: &str| facts.register(&name.replace('n', &n.to_string()));
        assert_eq!(
            [uart.status, uart.control, uart.format, uart.divider, uart.data],
            ["UCSRnA", "UCSRnB", "UCSRnC", "UBRRn", "UDRn"].map(register),
            "{name}"
        );
        let interrupt = |kind: &str| facts.interrupt([format!("USART{n}_{kind}"), format!("USART_{kind}")]);
        assert_eq!([uart.received, uart.empty], ["RX", "UDRE"].map(interrupt), "{name}");
        for kind in ["RX", "TX"] {
            let pad = &facts.pads[&(format!("USART{n}"), format!("{kind}D"))];
            assert_eq!(device.taken[pad], kind, "{name}");
        }
    }

    assert_eq!(device.spi.is_some(), facts.registers.contains_key("SPCR"), "{name}: SPI");
    if let Some(spi) = &device.spi {
        assert_eq!(
            [spi.control, spi.status, spi.data],
            ["SPCR", "SPSR", "SPDR"].map(|name| facts.register(name)),
            "{name}"
        );
        for (pin, signal) in
            [(&spi.select, "SS"), (&spi.mosi, "MOSI"), (&spi.miso, "MISO"), (&spi.clock, "SCK")]
        {
            assert_eq!(pin, &facts.pads[&("SPI".to_string(), signal.to_string())], "{name}: {signal}");
        }
        let register = if facts.registers.contains_key("PRR") { "PRR" } else { "PRR0" };
        let power = (facts.register(register), field(register, "PRSPI"));
        assert_eq!((spi.power.register, spi.power.bits), power, "{name}");
        let timer = device.timer1.expect("a device with an SPI has it");
        assert_eq!(
            [timer.control, timer.count, timer.mask],
            ["TCCR1B", "TCNT1", "TIMSK1"].map(|name| facts.register(name)),
            "{name}"
        );
        let power = (facts.register(register), field(register, "PRTIM1"));
        assert_eq!((timer.power.register, timer.power.bits), power, "{name}");
    }

    // Everything but the USART in use, and nothing that is not there.
    for power in &device.power_off {
        let is_here = |register: &String| facts.registers[register] == power.register;
        let parts = facts.fields.iter().filter(|((register, _), _)| is_here(register));
        let uart = device.uart.map(|uart| format!("PRUSART{}", uart.number));
        let expected = parts.filter(|((_, field), _)| Some(field) != uart.as_ref());
        // The file of the ATmega32U4 has two parts that the chip's datasheet lacks: timer 2 and USART 0.
        let lacks = |field: &str| name == "atmega32u4" && matches!(field, "PRTIM2" | "PRUSART0");
        let expected: u8 = expected.filter(|((_, field), _)| !lacks(field)).map(|(_, mask)| mask).sum();
        assert_eq!(power.bits, expected, "{name}: power reduction at {:#x}", power.register);
    }
    let registers = facts.registers.keys().filter(|register| register.starts_with("PRR"));
    assert_eq!(device.power_off.len(), if device.uart.is_some() { registers.count() } else { 0 }, "{name}");

    let architecture = match device.core {
        Core::Avr25 | Core::Avr5 | Core::Avr51 | Core::Avr6 => "AVR8",
    };
    assert_eq!(facts.architecture, architecture, "{name}");
}

#[test]
fn every_fact_is_the_manufacturers() {
    let Some(vendor) = vendor() else { return };
    let devices = Assets::builtin().devices().unwrap();
    assert_eq!(devices.len(), 5);
    for device in &devices {
        let file = vendor.join(format!("{}.atdf", device.name));
        agrees(device, &Facts::read(&std::fs::read_to_string(file).unwrap()));
    }
}

/// The machine knows nothing of the compiler, so that it has its own facts.
#[test]
fn machine_and_compiler_have_the_same_facts() {
    let devices = Assets::builtin().devices().unwrap();
    assert_eq!(devices.len(), DEVICES.len());
    for device in &devices {
        let name = &device.name;
        let machine = DEVICES.iter().find(|machine| machine.name == name).unwrap();
        let family = match device.core {
            Core::Avr25 => Family::Avr25,
            Core::Avr5 => Family::Avr5,
            Core::Avr51 => Family::Avr51,
            Core::Avr6 => Family::Avr6,
        };
        assert_eq!(machine.family, family, "{name}");
        assert_eq!(
            (machine.flash_bytes, machine.sram_start, machine.sram_bytes, machine.vectors),
            (device.flash, device.sram_start, device.sram, device.vectors),
            "{name}"
        );
        assert_eq!(machine.vector_bytes(), u32::from(device.core.vector_bytes()), "{name}");
        let ports: BTreeMap<char, u16> = machine.ports.iter().map(|port| (port.name, port.pin)).collect();
        assert_eq!(ports, device.ports, "{name}");
        assert_eq!(machine.gpior[0], device.marker, "{name}");
        let sleep = (machine.sleep.address, machine.sleep.enable, machine.sleep.mode);
        assert_eq!(sleep, (device.sleep.register, device.sleep.enable, device.sleep.mode), "{name}");
        let uart = machine.uart.map(|uart| {
            let offsets = [0, 1, 2, 4, 6].map(|offset| uart.base + offset);
            (uart.number, offsets, uart.first_vector, uart.first_vector + 1)
        });
        let expected = device.uart.map(|uart| {
            let addresses = [uart.status, uart.control, uart.format, uart.divider, uart.data];
            (uart.number, addresses, uart.received, uart.empty)
        });
        assert_eq!(uart, expected, "{name}");
        let pin = |(port, bit): (char, u8)| format!("P{port}{bit}");
        let spi = machine.spi.map(|spi| {
            let pins = [spi.select, spi.mosi, spi.miso, spi.clock].map(pin);
            ([0, 1, 2].map(|n| spi.base + n), spi.power, pins)
        });
        let expected = device.spi.as_ref().map(|spi| {
            let pins = [&spi.select, &spi.mosi, &spi.miso, &spi.clock].map(String::clone);
            ([spi.control, spi.status, spi.data], spi.power.register, pins)
        });
        assert_eq!(spi, expected, "{name}");
        let found = device.adc.as_ref().map(|adc| {
            assert_eq!(
                (adc.power.bits, adc.data + 2, adc.data + 3),
                (1, adc.control, adc.extended),
                "{name}"
            );
            assert_eq!(adc.data + 4, adc.select, "{name}");
            (adc.data, adc.power.register)
        });
        assert_eq!(machine.adc.map(|adc| (adc.base, adc.power)), found, "{name}");
        for power in &device.power_off {
            assert!(machine.kept.contains(&power.register), "{name}: {:#x}", power.register);
        }
    }
}

#[test]
fn boards_are_those_that_people_have() {
    let profiles = Assets::builtin().profiles().unwrap();
    let found: Vec<_> = profiles
        .iter()
        .map(|p| (p.name.as_str(), p.device.as_str(), p.clock_hz, p.divider().map(|divider| divider.ubrr)))
        .collect();
    let expected = [
        ("lilypad+flash", "atmega328p", 8_000_000, Some(25)),
        ("lilypad", "atmega328p", 8_000_000, Some(25)),
        ("mega", "atmega2560", 16_000_000, Some(16)),
        ("micro", "atmega32u4", 16_000_000, Some(16)),
        ("mighty+flash", "atmega1284p", 16_000_000, Some(16)),
        ("mighty", "atmega1284p", 16_000_000, Some(16)),
        ("nano", "atmega328p", 16_000_000, Some(16)),
        ("tiny", "attiny85", 8_000_000, None),
        ("uno+flash", "atmega328p", 16_000_000, Some(16)),
        ("uno", "atmega328p", 16_000_000, Some(16)),
    ];
    assert_eq!(found, expected);
    let lilypad = &profiles[1];
    let pins: Vec<_> = lilypad.pins.iter().map(|(label, drive)| format!("{label}: {drive}")).collect();
    assert_eq!(pins, ["ON: PB5 high", "OFF: PB5 low"]);
    assert_eq!(
        lilypad.avrdude("commands.hex").join(" "),
        "avrdude -p atmega328p -c arduino -P PORT -b 57600 -D -U flash:w:commands.hex:i"
    );
}
