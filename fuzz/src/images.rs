//! Programs that the machines load: loaded, and run for a while.

use mlc_runtime_avr::{AvrConfig, AvrMachine, DEVICES, Program};
use mlc_runtime_z80::{
    CpcConfig, CpcMachine, Geometry, MsxConfig, MsxMachine, NoObserver, Script, SpectrumConfig,
    SpectrumMachine, read_image,
};

/// Steps that a program is run for: T-states or cycles.
const WHILE: u64 = 20_000;

fn script() -> Script {
    Script::new(b"hello\r\n")
}

/// `.tap`, `.sna`, `.bin`, `.dsk`, `.cdt`, `.img` and `.rom`.
pub fn z80_images(bytes: &[u8]) {
    let spectrum = || SpectrumConfig { limit: Some(WHILE), ..SpectrumConfig::default() };
    let cpc = || CpcConfig { limit: Some(WHILE), ..CpcConfig::default() };
    let msx = MsxConfig { limit: Some(WHILE), ..MsxConfig::default() };
    if let Ok(mut machine) = SpectrumMachine::load_tape(bytes, script(), spectrum()) {
        drop(machine.run(&mut NoObserver));
    }
    if let Ok(mut machine) = SpectrumMachine::load_snapshot(bytes, script(), spectrum()) {
        drop(machine.run(&mut NoObserver));
    }
    for load in [CpcMachine::load, CpcMachine::load_disk, CpcMachine::load_tape] {
        if let Ok(mut machine) = load(bytes, script(), cpc()) {
            drop(machine.run(&mut NoObserver));
        }
    }
    cpm_disk(bytes);
    if let Ok(mut machine) = MsxMachine::load(bytes, script(), msx) {
        drop(machine.run(&mut NoObserver));
    }
}

/// A raw image of CP/M's own disk, with the first of the bytes where its directory is.
fn cpm_disk(bytes: &[u8]) {
    let [reserved, block, entries, directory] = [2, 1024, 64, 2];
    let disk =
        Geometry { tracks: 77, sectors: 26, sector: 128, reserved, block, entries, directory, skew: 6 };
    let mut image = vec![0xE5; reserved * disk.sectors * disk.sector];
    image.extend(bytes.iter().take(75 * disk.sectors * disk.sector));
    image.resize(77 * disk.sectors * disk.sector, 0xE5);
    for file in read_image(&image, &disk).into_iter().flatten() {
        assert!(file.contents.len() <= image.len(), "{} is more than the disk", file.name);
    }
}

/// `.hex`, `.elf` and plain flash.
pub fn avr_images(bytes: &[u8]) {
    for device in DEVICES.iter().copied() {
        let hex = std::str::from_utf8(bytes).ok().and_then(|text| Program::from_hex(text, device).ok());
        let others = [Program::from_elf(bytes, device), Program::from_bytes(bytes, device)];
        for program in hex.into_iter().chain(others.into_iter().flatten()) {
            let config = AvrConfig { limit: Some(WHILE), ..AvrConfig::default() };
            drop(AvrMachine::new(program, script(), config).run(&mut mlc_runtime_avr::NoObserver));
        }
    }
}
