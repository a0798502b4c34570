//! What selects banks: which of them shows in a window of addresses, as programs with weights in banks see it.

use super::description::{Bank, Machine, Mapper, Rom, Target};

/// Banks whose numbers a register holds.
const MOST_BANKS: usize = 256;

/// What the gate array of a CPC is sent to have its first 64 KB shown.
pub const GATE_ARRAY_BASE: u8 = 0xC0;
/// Bytes that the loader of a CPC needs behind the image: the disk system's buffer, from the start of a page on.
const LOADER: u16 = 0x0900;

/// What has one bank of several shown in a window.
#[derive(Debug, Clone, Copy)]
pub enum Selector<'a> {
    /// A register of a mapper: banks of a ROM.
    Register(&'a Mapper, &'a Rom),
    /// A port: banks of RAM, those that weights may be in, and where keys and values lie.
    Port { weights: &'a [Bank], caches: Caches<'a> },
}

/// Where keys and values lie.
#[derive(Debug, Clone, Copy)]
pub enum Caches<'a> {
    /// With the other buffers.
    Buffers,
    /// In a bank without weights.
    Bank(&'a Bank),
    /// Behind the last weights, in their bank.
    Behind,
}

impl<'a> Selector<'a> {
    /// What messages call it.
    pub fn name(self) -> String {
        match self {
            Self::Register(mapper, _) => mapper.name.clone(),
            Self::Port { weights, .. } => format!("port {:04X}h", weights[0].select.port),
        }
    }

    /// The first address of the window.
    pub fn address(self) -> u16 {
        match self {
            Self::Register(mapper, _) => mapper.window,
            Self::Port { weights, .. } => weights[0].window,
        }
    }

    /// Bytes of a bank.
    pub fn bank(self) -> usize {
        match self {
            Self::Register(mapper, _) => mapper.bank.into(),
            Self::Port { weights, .. } => weights[0].size.into(),
        }
    }

    /// How many banks weights can be in.
    pub fn most(self) -> usize {
        match self {
            Self::Register(mapper, rom) => MOST_BANKS - mapper.first_bank(rom),
            Self::Port { weights, .. } => weights.len(),
        }
    }

    /// What has the bank of weights shown that has this number, from 0 on: a number of a mapper's, or what a port is sent.
    /// Behind the last it is any: such a program is refused.
    pub fn select(self, bank: usize) -> usize {
        match self {
            Self::Register(mapper, rom) => mapper.first_bank(rom) + bank,
            Self::Port { weights, .. } => weights[bank % weights.len()].select.value.into(),
        }
    }

    /// The bank that keys and values have without weights.
    pub fn caches(self) -> Option<&'a Bank> {
        match self {
            Self::Port { caches: Caches::Bank(bank), .. } => Some(bank),
            Self::Register(..) | Self::Port { .. } => None,
        }
    }

    /// The banks for weights, where keys and values lie behind the last of them.
    pub fn shared(self) -> Option<&'a [Bank]> {
        match self {
            Self::Port { weights, caches: Caches::Behind } => Some(weights),
            Self::Register(..) | Self::Port { .. } => None,
        }
    }

    /// Whether the window lies inside of the program's memory, which goes on behind it.
    pub fn is_inside(self, target: &Target) -> bool {
        let is_ram = matches!(self, Self::Port { .. });
        is_ram && usize::from(self.address()) + self.bank() < target.memory_end.into()
    }

    /// What weights in these banks leave of a target: where a port's window begins, memory ends, unless it goes on behind it.
    pub fn rest(self, target: &Target) -> Target {
        match self {
            Self::Register(mapper, rom) => {
                Target { flash: Some((mapper.window - rom.first).into()), ..target.clone() }
            }
            // A loader needs memory behind the image, while it is there.
            Self::Port { .. } if self.is_inside(target) => {
                Target { image_end: target.image_end - LOADER, ..target.clone() }
            }
            Self::Port { .. } => {
                let end = |end: u16| end.min(self.address());
                let (image_end, memory_end) = (end(target.image_end), end(target.memory_end));
                Target { image_end, memory_end, ..target.clone() }
            }
        }
    }
}

impl Target {
    /// The ways to have weights in banks, in the order in which they are tried, each with the address where keys and values
    /// lie if that is apart from the other buffers.
    pub fn selectors(&self) -> Vec<(Selector<'_>, Option<u16>)> {
        let mut all = Vec::new();
        let mappers = self.rom.iter().flat_map(|rom| rom.mappers.iter().map(move |mapper| (mapper, rom)));
        for (mapper, rom) in mappers {
            let selector = Selector::Register(mapper, rom);
            all.push((selector, None));
            all.extend(rom.second_ram.map(|second| (selector, Some(second))));
        }
        // Only consoles of these machines show banks of RAM.
        let banks = match self.machine {
            Machine::Spectrum128 | Machine::Cpc6128 => &self.banks[..],
            Machine::Cpm | Machine::Spectrum48 | Machine::Cpc464 | Machine::Msx | Machine::Avr => &[],
        };
        // One window: that of the first bank.
        let of = |bank: &Bank| (bank.window, bank.size, bank.select.port);
        let same = |bank: &&Bank| of(bank) == of(&banks[0]);
        let banks = &banks[..banks.iter().take_while(same).count()];
        if let [first, rest @ ..] = banks {
            all.push((Selector::Port { weights: banks, caches: Caches::Buffers }, None));
            if !rest.is_empty() {
                let caches = Caches::Bank(first);
                all.push((Selector::Port { weights: rest, caches }, Some(first.window)));
            }
            all.push((Selector::Port { weights: banks, caches: Caches::Behind }, Some(first.window)));
        }
        all
    }
}
