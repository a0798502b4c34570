//! The devices: small deltas over a family.
//!
//! Addresses are data-space addresses (`STS` reaches them; `OUT` takes them less 20h). The numbers come from
//! the register summaries and vector tables of the datasheets; a test compares them with avr-libc's headers.

/// The instruction sets, by GNU's names for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Up to 8 KB of flash: `MOVW` and `LPM Rd,Z`, but neither `JMP`, `CALL` nor multiplication.
    Avr25,
    /// 16 to 64 KB of flash, 16-bit program counter.
    Avr5,
    /// 128 KB of flash: `ELPM` and `RAMPZ`, but a 16-bit program counter.
    Avr51,
    /// More than 128 KB of flash: 22-bit program counter, three-byte return addresses, `RAMPZ` and `EIND`.
    Avr6,
}

impl Family {
    /// GNU's number for the family, in the low bits of an ELF file's flags.
    pub fn elf_number(self) -> u32 {
        match self {
            Family::Avr25 => 25,
            Family::Avr5 => 5,
            Family::Avr51 => 51,
            Family::Avr6 => 6,
        }
    }

    /// Whether code made for the family numbered `elf_number` runs here. Code for more flash does not run on
    /// less, nor the other way round when the return addresses differ in size.
    pub fn runs(self, elf_number: u32) -> bool {
        match self {
            Family::Avr25 => matches!(elf_number, 2 | 25),
            Family::Avr5 => matches!(elf_number, 2 | 25 | 3 | 35 | 4 | 5),
            Family::Avr51 => matches!(elf_number, 2 | 25 | 3 | 31 | 35 | 4 | 5 | 51),
            Family::Avr6 => elf_number == 6,
        }
    }

    /// `JMP` and `CALL`.
    pub fn has_far_jumps(self) -> bool {
        self != Family::Avr25
    }

    /// `MUL`, `MULS`, `MULSU`, `FMUL`, `FMULS`, `FMULSU`.
    pub fn has_multiplier(self) -> bool {
        self != Family::Avr25
    }

    /// `ELPM` and `RAMPZ`.
    pub fn has_far_data(self) -> bool {
        matches!(self, Family::Avr51 | Family::Avr6)
    }

    /// `EIJMP`, `EICALL`, `EIND`; return addresses of three bytes, so that calls, returns and interrupts take
    /// a cycle more.
    pub fn has_wide_pc(self) -> bool {
        self == Family::Avr6
    }
}

/// A port with its name's letter. `PINx`, `DDRx`, `PORTx` lie at `pin` and the two addresses after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRegisters {
    pub name: char,
    pub pin: u16,
}

/// A USART: `UCSRnA` at `base`, then B, C, a gap, `UBRRnL`, `UBRRnH`, `UDRn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UartRegisters {
    /// The n in its registers' names.
    pub number: u8,
    pub base: u16,
    /// The vector of RX complete; data register empty and TX complete follow.
    pub first_vector: u8,
}

/// The 16-bit timer 1: `TCCR1A` at 80h, B, C, a gap, `TCNT1`, `ICR1`, `OCR1A`, `OCR1B` (two bytes each).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerRegisters {
    pub base: u16,
    pub tifr: u16,
    pub timsk: u16,
    /// `GTCCR`, whose bit 0 resets the prescaler.
    pub gtccr: u16,
    /// Vectors of compare match A, compare match B and overflow.
    pub vectors: [u8; 3],
}

/// The converter: `ADCL` at `base`, then `ADCH`, `ADCSRA`, `ADCSRB`, `ADMUX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdcRegisters {
    pub base: u16,
    /// The power reduction register with `PRADC`, its bit 0.
    pub power: u16,
}

/// The SPI: `SPCR` at `base`, then `SPSR`, `SPDR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpiRegisters {
    pub base: u16,
    /// The power reduction register with `PRSPI`, its bit 2.
    pub power: u16,
    /// Port and bit of each pin.
    pub select: (char, u8),
    pub mosi: (char, u8),
    pub miso: (char, u8),
    pub clock: (char, u8),
}

/// Where the sleep mode is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SleepRegister {
    pub address: u16,
    /// The bit that lets `SLEEP` work.
    pub enable: u8,
    /// The bits of the mode; all zero is idle.
    pub mode: u8,
}

/// Everything that distinguishes one device from another here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// As `avr-gcc -mmcu=` has it.
    pub name: &'static str,
    pub family: Family,
    pub flash_bytes: u32,
    pub sram_start: u16,
    pub sram_bytes: u16,
    /// The number of vectors, with reset.
    pub vectors: u8,
    pub ports: &'static [PortRegisters],
    /// The USART joined to the console.
    pub uart: Option<UartRegisters>,
    pub timer1: Option<TimerRegisters>,
    pub adc: Option<AdcRegisters>,
    pub spi: Option<SpiRegisters>,
    pub sleep: SleepRegister,
    /// GPIOR0, GPIOR1, GPIOR2. A write to the first is told to the observer.
    pub gpior: [u16; 3],
    /// Registers that keep what is written to their bits and do nothing here: power reduction, digital input
    /// disable, reset flags.
    pub kept: &'static [u16],
    /// Control registers of what is not there: only zero (off) may be written, and they read as zero.
    pub off: &'static [u16],
}

impl Device {
    /// The highest address of the SRAM, where SP is after a reset.
    pub fn ram_end(&self) -> u16 {
        self.sram_start + (self.sram_bytes - 1)
    }

    /// Bytes from vector to vector: a `JMP` or an `RJMP`.
    pub fn vector_bytes(&self) -> u32 {
        if self.family.has_far_jumps() { 4 } else { 2 }
    }

    /// The device that `avr-gcc -mmcu=` calls `name`.
    pub fn by_name(name: &str) -> Option<&'static Device> {
        DEVICES.iter().copied().find(|device| device.name == name)
    }
}

/// All devices.
pub const DEVICES: &[&Device] = &[&ATMEGA328P, &ATMEGA1284P, &ATMEGA2560, &ATMEGA32U4, &ATTINY85];

const fn port(name: char, pin: u16) -> PortRegisters {
    PortRegisters { name, pin }
}

const TIMER1: TimerRegisters =
    TimerRegisters { base: 0x80, tifr: 0x36, timsk: 0x6F, gtccr: 0x43, vectors: [17, 18, 20] };

const SPI: SpiRegisters = SpiRegisters {
    base: 0x4C,
    power: 0x64,
    select: ('B', 2),
    mosi: ('B', 3),
    miso: ('B', 4),
    clock: ('B', 5),
};
const SPI_FIRST: SpiRegisters =
    SpiRegisters { select: ('B', 0), clock: ('B', 1), mosi: ('B', 2), miso: ('B', 3), ..SPI };

pub const ATMEGA328P: Device = Device {
    name: "atmega328p",
    family: Family::Avr5,
    flash_bytes: 0x8000,
    sram_start: 0x100,
    sram_bytes: 0x800,
    vectors: 26,
    ports: &[port('B', 0x23), port('C', 0x26), port('D', 0x29)],
    uart: Some(UartRegisters { number: 0, base: 0xC0, first_vector: 18 }),
    timer1: Some(TimerRegisters { vectors: [11, 12, 13], ..TIMER1 }),
    adc: Some(AdcRegisters { base: 0x78, power: 0x64 }),
    spi: Some(SPI),
    sleep: SleepRegister { address: 0x53, enable: 0x01, mode: 0x0E }, // SMCR
    gpior: [0x3E, 0x4A, 0x4B],
    kept: &[0x54, 0x55, 0x64, 0x7E, 0x7F, 0x50], // MCUSR MCUCR PRR DIDR0 DIDR1 ACSR
    // EIMSK EECR TCCR0B WDTCSR CLKPR PCICR TIMSK0 TIMSK2 TCCR2B TWCR
    off: &[0x3D, 0x3F, 0x45, 0x60, 0x61, 0x68, 0x6E, 0x70, 0xB1, 0xBC],
};

pub const ATMEGA1284P: Device = Device {
    name: "atmega1284p",
    family: Family::Avr51,
    flash_bytes: 0x2_0000,
    sram_bytes: 0x4000,
    vectors: 35,
    ports: &[port('A', 0x20), port('B', 0x23), port('C', 0x26), port('D', 0x29)],
    uart: Some(UartRegisters { number: 0, base: 0xC0, first_vector: 20 }),
    timer1: Some(TimerRegisters { vectors: [13, 14, 15], ..TIMER1 }),
    spi: Some(SpiRegisters { select: ('B', 4), mosi: ('B', 5), miso: ('B', 6), clock: ('B', 7), ..SPI }),
    kept: &[0x54, 0x55, 0x64, 0x65, 0x7E, 0x7F, 0x50], // with PRR1
    // with TIMSK3, TCCR3B
    off: &[0x3D, 0x3F, 0x45, 0x60, 0x61, 0x68, 0x6E, 0x70, 0x71, 0x91, 0xB1, 0xBC],
    ..ATMEGA328P
};

pub const ATMEGA2560: Device = Device {
    name: "atmega2560",
    family: Family::Avr6,
    flash_bytes: 0x4_0000,
    sram_start: 0x200,
    sram_bytes: 0x2000,
    vectors: 57,
    ports: &[
        port('A', 0x20),
        port('B', 0x23),
        port('C', 0x26),
        port('D', 0x29),
        port('E', 0x2C),
        port('F', 0x2F),
        port('G', 0x32),
        port('H', 0x100),
        port('J', 0x103),
        port('K', 0x106),
        port('L', 0x109),
    ],
    uart: Some(UartRegisters { number: 0, base: 0xC0, first_vector: 25 }),
    timer1: Some(TIMER1),
    spi: Some(SPI_FIRST),
    kept: &[0x54, 0x55, 0x64, 0x65, 0x7D, 0x7E, 0x7F, 0x50], // with PRR1 and DIDR2
    // with TIMSK3 to 5, TCCR3B to 5B, XMCRA
    off: &[
        0x3D, 0x3F, 0x45, 0x60, 0x61, 0x68, 0x6E, 0x70, 0x71, 0x72, 0x73, 0x74, 0x91, 0xA1, 0xB1, 0xBC, 0x121,
    ],
    ..ATMEGA328P
};

pub const ATMEGA32U4: Device = Device {
    name: "atmega32u4",
    sram_bytes: 0xA00,
    vectors: 43,
    ports: &[port('B', 0x23), port('C', 0x26), port('D', 0x29), port('E', 0x2C), port('F', 0x2F)],
    uart: Some(UartRegisters { number: 1, base: 0xC8, first_vector: 25 }),
    timer1: Some(TIMER1),
    spi: Some(SPI_FIRST),
    kept: &[0x54, 0x55, 0x64, 0x65, 0x7D, 0x7E, 0x7F, 0x50],
    // with PLLCSR, TIMSK3, TIMSK4, TCCR3B, TCCR4B, USBCON; no TCCR2B
    off: &[0x3D, 0x3F, 0x45, 0x49, 0x60, 0x61, 0x68, 0x6E, 0x71, 0x72, 0x91, 0xBC, 0xC1, 0xD8],
    ..ATMEGA328P
};

/// Its timer 1 is another one (8 bits) and is not there.
pub const ATTINY85: Device = Device {
    name: "attiny85",
    family: Family::Avr25,
    flash_bytes: 0x2000,
    sram_start: 0x60,
    sram_bytes: 0x200,
    vectors: 15,
    ports: &[port('B', 0x36)],
    uart: None,
    timer1: None,
    adc: None,
    spi: None,
    sleep: SleepRegister { address: 0x55, enable: 0x20, mode: 0x18 }, // MCUCR
    gpior: [0x31, 0x32, 0x33],
    kept: &[0x54, 0x40, 0x34, 0x28], // MCUSR PRR DIDR0 ACSR
    // ADCSRA USICR EECR WDTCR CLKPR PLLCSR TCCR1 TCCR0B TIMSK GIMSK
    off: &[0x26, 0x2D, 0x3C, 0x41, 0x46, 0x47, 0x50, 0x53, 0x59, 0x5B],
};
