//! What a description says of a ROM: that it is one where the machine has cartridges, and lies where they do.

use super::check::Problem;
use super::description::{Machine, Mapper, Rom, Target};

/// Where cartridges lie.
const CARTRIDGE: (u16, u16) = (0x4000, 0xC000);
/// Bytes that a ROM without a mapper can have.
const SIZES: [u16; 2] = [0x4000, 0x8000];
/// Its second half.
const SECOND: u16 = 0x8000;
/// Bytes of a bank.
const BANKS: [u16; 2] = [0x2000, 0x4000];

/// The first thing about the ROM that cannot be so.
pub(super) fn check(target: &Target) -> Result<(), Problem> {
    let wrong = |problem: String| Err(("rom", problem));
    let Some(rom) = &target.rom else {
        return match target.machine {
            Machine::Msx => wrong("an MSX has its program in one: say where".into()),
            _ => Ok(()),
        };
    };
    if target.machine != Machine::Msx {
        return wrong(format!("{:?} loads programs into RAM", target.machine));
    }
    if rom.first != CARTRIDGE.0 || !SIZES.contains(&rom.size) {
        return wrong("a cartridge begins at 4000h and has 4000h or 8000h bytes".into());
    }
    if let Some(least) = rom.least_ram
        && !(target.origin..target.memory_end).contains(&least)
    {
        let (from, to) = (target.origin, target.memory_end);
        return wrong(format!("least_ram, {least:04X}h, must lie in {from:04X}h to memory_end, {to:04X}h"));
    }
    if rom.second_ram.is_some_and(|second| second != SECOND) {
        return wrong("second_ram must be 8000h: RAM lies in pages of 16 KB".into());
    }
    rom.mappers.iter().try_for_each(|mapper| mapper_fits(rom, mapper))
}

/// A window that ends with the cartridge, behind whole banks with a register each; registers in the ROM.
fn mapper_fits(rom: &Rom, mapper: &Mapper) -> Result<(), Problem> {
    let Mapper { name, bank, window, register, others } = mapper;
    let wrong = |problem: &str| Err(("rom", format!("mapper {name}: {problem}")));
    let end = CARTRIDGE.1;
    if !BANKS.contains(bank) {
        return wrong("a bank has 2000h or 4000h bytes");
    }
    if *window <= rom.first || *window >= end || end - window != *bank {
        return wrong("its window must be the last bank of 4000h to BFFFh");
    }
    if others.len() != mapper.first_bank(rom) {
        return wrong("name a register for each bank before the window");
    }
    if others.iter().chain([register]).any(|at| !(rom.first..end).contains(at)) {
        return wrong("registers lie at 4000h to BFFFh");
    }
    Ok(())
}
